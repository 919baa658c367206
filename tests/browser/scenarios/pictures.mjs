// Pictures of the demo for the README, or of every page for somebody who changes how it looks (ALL=1).
import { mkdirSync, writeFileSync } from "node:fs";

import { DESK, OUTSIDE, PHONE, base, enrolled, opened, pause, places, scenario, shots, signedIn, until } from "./browser.mjs";
import { small } from "./png.mjs";

const BYTES_MAX = 150_000;

async function picture(page, name, whole) {
  const png = small(await page.screenshot({ fullPage: whole }));
  if (!whole && png.length > BYTES_MAX) throw new Error(`${name}.png has ${png.length} bytes`);
  writeFileSync(`${shots}/${name}.png`, png);
  console.log(`${shots}/${name}.png: ${png.length} bytes`);
}

const looks = {
  "phone-light": { ...PHONE, colorScheme: "light" },
  "phone-dark": { ...PHONE, colorScheme: "dark" },
  desk: { ...DESK, colorScheme: "light" },
};

scenario(async (browser) => {
  mkdirSync(shots, { recursive: true });
  const first = await enrolled(browser);
  const live = (page) => until("live data", async () => /live|сейчас/.test(await page.locator("[data-heard]").innerText()));
  if (process.env.ALL) {
    const paths = await places(first.page);
    for (const [look, options] of Object.entries(looks)) {
      const page = await (await signedIn(browser, first.context, options)).newPage();
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(base + path);
        if (path === "/") await live(page);
        await pause(700);
        await picture(page, `${name}.${look}`, true);
      }
      const stranger = await (await opened(browser, options)).newPage();
      for (const [name, path] of Object.entries(OUTSIDE)) {
        await stranger.goto(base + path);
        await picture(stranger, `${name}.${look}`, true);
      }
    }
    return;
  }
  for (const [look, path] of [["phone-light", "/"], ["phone-dark", "/traffic?range=1h"], ["desk", "/"]]) {
    const page = await (await signedIn(browser, first.context, looks[look])).newPage();
    await page.goto(base + path);
    if (path === "/") await live(page);
    await pause(6_000);
    await picture(page, look, false);
  }
});
