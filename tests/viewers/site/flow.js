// A client of the IIIF Authorization Flow API 2.0, as a page around a viewer needs it.

let accessToken;

/** The description of an image or of images, and the services by which it is refused to somebody without a log-in. */
async function described(uri) {
  const answer = await fetch(uri, accessToken ? { headers: { Authorization: `Bearer ${accessToken}` } } : {});
  return { status: answer.status, document: await answer.json() };
}

function typed(services, type) {
  return [services].flat().find((service) => service.type === type);
}

/** The access service in an image's info.json, in a manifest's image service, or in the answer that refuses them. */
function accessService(document) {
  const probe = typed(document.service, "AuthProbeService2");
  return probe ? typed(probe.service, "AuthAccessService2") : typed(document.service, "AuthAccessService2");
}

/** Open the access service in a tab, and resolve when it has closed. A click must have led here. */
function loggedIn(access) {
  const tab = window.open(`${access.id}?origin=${location.origin}`);
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (tab.closed) {
        clearInterval(timer);
        resolve();
      }
    }, 50);
  });
}

/** Ask the token service in a hidden frame. Resolves to its message. */
function tokenMessage(access, origin = location.origin) {
  const { id } = typed(access.service, "AuthAccessTokenService2");
  const messageId = crypto.randomUUID();
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = `${id}?${new URLSearchParams({ messageId, origin })}`;
  return new Promise((resolve) => {
    window.addEventListener("message", ({ data, source }) => {
      if (source === frame.contentWindow && data.messageId === messageId) {
        frame.remove();
        resolve(data);
      }
    });
    document.body.append(frame);
  });
}

/** Whether this page gets a message from the token service if it says that it is of another origin. */
async function isDeceived(access, origin) {
  let isTold = false;
  tokenMessage(access, origin).then(() => { isTold = true; });
  const frame = document.body.lastElementChild;
  await new Promise((resolve) => frame.addEventListener("load", resolve));
  for (let wait = 0; wait < 15; wait += 1) await new Promise(requestAnimationFrame);
  return isTold;
}

/** Take a token for what the services protect. */
async function authorize(access) {
  const message = await tokenMessage(access);
  accessToken = message.accessToken;
  return message.type === "AuthAccessToken2" ? "token" : message.profile;
}

/** The image service to show instead of a protected one: where its probe service leads. */
async function probed(service) {
  const probe = typed(service.service, "AuthProbeService2");
  const { document: result } = await described(probe.id);
  if (result.status !== 302) throw new Error(`the probe service answered ${JSON.stringify(result)}`);
  return typed(result.location.service, "ImageService3");
}

/** A manifest in which each image of a protected service is the one where its probe service leads. */
async function authorizedManifest(uri) {
  const { document: manifest } = await described(uri);
  for (const canvas of manifest.items) {
    const { body } = canvas.items[0].items[0];
    const service = await probed(typed(body.service, "ImageService3"));
    body.id = `${service.id}/full/max/0/default.jpg`;
    body.service = [service];
    delete canvas.thumbnail;
  }
  delete manifest.thumbnail;
  return manifest;
}
