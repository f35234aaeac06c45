// Debian's Chromium, and what tests of pages ask about them.
import { chromium } from "playwright-core";

/** Milliseconds that a page may take for anything: no machine is so slow that it needs them. */
const PATIENCE_MS = 240_000;

/** Starts the browser; the caller closes it. */
export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    timeout: PATIENCE_MS,
    // Chromium refuses its sandbox to root, which is who runs continuous integration.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
}

/** A person's browser, without cookies yet, and with patience; the caller closes it. */
export async function openContext(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  return context;
}

/** The contrast of two CSS colours, as WCAG 2 reckons it. */
export function contrast(one, other) {
  const luminance = (colour) => {
    const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}
