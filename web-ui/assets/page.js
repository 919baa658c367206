// What every page does: times in the reader's zone, the look without a reload, the sheet of places, the offline page.
import { localTimes } from "./words.js";

localTimes(document);

for (const form of document.querySelectorAll("form.looks")) {
  form.addEventListener("submit", (event) => {
    const theme = event.submitter?.value;
    if (!theme) return;
    event.preventDefault();
    document.cookie = `floodmark-look=${theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("form.looks button")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
  });
}

const sheet = document.querySelector(".bar details");
if (sheet) {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && sheet.open) {
      sheet.open = false;
      sheet.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (sheet.open && !sheet.contains(event.target)) sheet.open = false;
  });
}

// Only where the browser trusts the certificate: elsewhere it refuses, and all works without.
if ("serviceWorker" in navigator && window.isSecureContext) {
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}
