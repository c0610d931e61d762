// What the pages of both viewers need of the OpenSeadragon viewer in them.

const CALM_FRAMES = 15;

/** Resolves when the whole view has been drawn from tiles of its own resolution, and nothing moves any more. */
function settled(viewer) {
  return new Promise((resolve) => {
    let calm = 0;
    const look = () => {
      const item = viewer.world.getItemAt(0);
      calm = item?.getFullyLoaded() && !viewer.isAnimating() ? calm + 1 : 0;
      return calm < CALM_FRAMES ? requestAnimationFrame(look) : resolve();
    };
    look();
  });
}

/** What is on the canvas, as a PNG, and where the image lies in it. Throws where the pixels came without CORS. */
function seen(viewer) {
  const bounds = viewer.world.getItemAt(0).getBounds();
  const { x, y, width, height } = viewer.viewport.viewportToViewerElementRectangle(bounds);
  return { canvas: viewer.drawer.canvas.toDataURL("image/png"), image: [x, y, width, height] };
}
