// A Russian user: every page says so, and no English sentence is left in those of every day, also after they were
// renewed by a script. System, users and account show what roles and doctor say, which is in English (docs/limits.md).
import { PHONE, assert, base, enrolled, opened, pause, none, places, scenario, OUTSIDE } from "./browser.mjs";

/** Names that are the same in every language, and what the wire, the configuration and the machine call things. */
const NAMES =
  /^(Floodmark|CPU|IP|TCP|UDP|ICMP|ICMPv6|SYN|ACK|RST|FIN|DNS|SMS|CSV|UTC|QR|MySQL|MariaDB|SQLite|pcap|softirq|English|anna|always|busy|va|vb|lo|tcp|udp|icmp|capture|ingest|notifier|web|run|GRO|RAID|B|HTTP|HTTPS|POST|API|TOTP|PSH|URG|ECE|CWR|gre|floodmark|ledger|user|passwd|inode|email)$/;

/** Visible words of latin letters, but those in code, tables' cells and values, which are names. */
function english() {
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element.checkVisibility() || element.closest("code, script, style, option, [data-list], .said, article p, .past b, h3, .name")) continue;
    const text = node.textContent.trim();
    // A sentence has several words of small letters; a name has none, or digits, dots, dashes.
    const found = text.split(/[\s,;:()«»"“”/·×–—]+/).filter((word) => /^[A-Za-z][a-z]{2,}$/.test(word));
    if (found.length) words.push([found, text.slice(0, 80)]);
  }
  return words;
}

scenario(async (browser) => {
  const { context, page } = await enrolled(browser, PHONE);
  const paths = await places(page);
  await page.goto(`${base}/account`);
  await page.selectOption("#language", "ru");
  await page.click("form[action='/account/language'] button");
  const problems = [];
  const look = async (page, path) => {
    assert.equal(await page.locator("html").getAttribute("lang"), "ru", path);
    for (const [words, told] of await page.evaluate(english)) {
      const left = words.filter((word) => !NAMES.test(word));
      if (left.length) problems.push(`${path}: ${left.join(" ")}: ${told}`);
    }
  };
  // The offline page knows no user: it is in the browser's language.
  for (const path of Object.values(paths).filter((path) => !/^\/(offline|system|users|account)/.test(path))) {
    await page.goto(base + path);
    // What the scripts write is looked at too.
    if (path === "/") await pause(3_000);
    await page.evaluate(() => document.querySelectorAll("main details").forEach((details) => (details.open = true)));
    await look(page, path);
  }
  const stranger = await (await opened(browser, { ...PHONE, locale: "ru-RU" })).newPage();
  for (const path of [...Object.values(OUTSIDE), "/offline"]) {
    await stranger.goto(base + path);
    await look(stranger, path);
  }
  none(problems);
});
