// One address, alive: its figures while it is among the busiest.
import { say } from "./words.js";
import { Live, fill } from "./live.js";

const nothing = { b: [0, 0], f: 0, r: 0 };
new Live([document.body.dataset.channels], {
  message(channel, payload) { fill(document, channel, payload || nothing, say); },
  resync() {},
  state() {},
});
