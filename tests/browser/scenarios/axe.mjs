// axe-core finds no violation on any page: on a phone in light and dark, on a desk in light.
import { DESK, OUTSIDE, PHONE, assert, axe, base, enrolled, opened, none, places, scenario, signedIn } from "./browser.mjs";

const found = async (only) => {
  const options = only ? { runOnly: { type: "rule", values: [only] } } : {};
  const { violations } = await window.axe.run(document, { resultTypes: ["violations"], ...options });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
};

async function look(page, paths, name, problems) {
  const source = axe();
  for (const path of Object.values(paths)) {
    // Without transitions: colours half-way between two themes are nobody's.
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    await page.goto(base + path);
    // What is folded away is looked at too.
    await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
    await page.evaluate(source);
    const tell = (theme, list) => problems.push(...list.map((one) => `${path} (${name}, ${theme}): ${one}`));
    tell("light", await page.evaluate(found, ""));
    await page.emulateMedia({ colorScheme: "dark" });
    tell("dark", await page.evaluate(found, "color-contrast"));
  }
}

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, PHONE);
  const problems = [];
  const paths = await places(page);
  await look(page, paths, "phone", problems);
  const stranger = await (await opened(browser, PHONE)).newPage();
  await look(stranger, OUTSIDE, "phone", problems);
  const desk = await (await signedIn(browser, context, DESK)).newPage();
  const { now, incident, traffic, host, rule, users } = paths;
  await look(desk, { now, incident, traffic, host, rule, users }, "desk", problems);
  none(problems);
});
