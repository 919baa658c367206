// What became of an action: waited for by its id, then its notice is taken from a fresh page, in the page's language.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function final(id) {
  for (;;) {
    try {
      const answer = await fetch(`/api/actions/${encodeURIComponent(id)}?wait=50`, { headers: { accept: "application/json" } });
      if (answer.ok && (await answer.json()).final) return true;
      if (answer.status >= 400 && answer.status < 500) return false;
      if (!answer.ok) await pause(3000);
    } catch {
      await pause(3000);
    }
  }
}

for (const notice of document.querySelectorAll("[data-action][data-waits]")) {
  if (!(await final(notice.dataset.action))) continue;
  const page = await fetch(location.href).then((answer) => answer.text()).catch(() => "");
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("main > [data-action]");
  if (fresh) notice.replaceWith(document.adoptNode(fresh));
}
