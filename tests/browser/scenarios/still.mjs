// Who asked the system for less motion gets none: no transition, no animation, no smooth scrolling.
import { PHONE, assert, base, enrolled, places, scenario, signedIn } from "./browser.mjs";

function moving() {
  const long = (list) => list.split(",").some((time) => parseFloat(time) > 0);
  return [...document.querySelectorAll("*")]
    .filter((element) => {
      const style = getComputedStyle(element);
      const animated = style.animationName !== "none" && long(style.animationDuration);
      return long(style.transitionDuration) || animated || style.scrollBehavior === "smooth";
    })
    .map((element) => `${element.tagName}.${element.className}`);
}

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, PHONE);
  const paths = Object.values(await places(page));
  const still = await (await signedIn(browser, context, { ...PHONE, reducedMotion: "reduce" })).newPage();
  for (const path of paths) {
    await still.goto(base + path);
    assert.deepEqual(await still.evaluate(moving), [], path);
    assert.equal(await still.evaluate(() => document.getAnimations().length), 0, path);
  }
  // Else the test could not fail: there is motion for those who did not ask.
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto(base);
  assert.ok((await page.evaluate(moving)).length > 0);
});
