// Incidents: when something changed, the open ones come anew from the server.
import { localTimes } from "./words.js";
import { Live, renew } from "./live.js";

let waits = 0;
const refresh = () => {
  clearTimeout(waits);
  waits = setTimeout(() => renew(["open", "past", "one"]).then(() => localTimes(document)).catch(() => {}), 200);
};

new Live(document.body.dataset.channels.split(","), { message: refresh, resync: refresh, state() {} });
