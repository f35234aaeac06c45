// Debian's Chromium, and what tests of pages ask about them.
import { chromium } from "playwright-core";

/** Starts the browser; the caller closes it. */
export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Chromium refuses its sandbox to root, which is who runs continuous integration.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
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
