// What a person sees who meets a 404 or a 500 in a browser: in their language, on any screen, with the reference to
// quote and nothing of the inside.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { contrast, launchBrowser, openContext } from "./browser.mjs";
import { startServer } from "./server.mjs";

const PAGES = [
  { path: "/no/such/page/", status: 404 },
  { path: "/api/v1/debug/always-500/", status: 500 },
];
const SCREENS = [
  { width: 1280, height: 800 },
  { width: 320, height: 568 },
];
const REFERENCE = /ERR-[0-9A-Z]{4}-[0-9A-Z]{4}/;

describe("an error page", () => {
  let server;
  let browser;

  before(async () => {
    server = await startServer();
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Opens a page as a person would and hands it to `look`, with its response and what the console complained about. */
  async function visit({ path, locale = "en-US", viewport = SCREENS[0], colorScheme = "light" }, look) {
    const context = await openContext(browser, { locale, viewport, colorScheme });
    try {
      const page = await context.newPage();
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
      const response = await page.goto(server.url + path);
      await look(page, response, complaints);
    } finally {
      await context.close();
    }
  }

  for (const { path, status } of PAGES) {
    it(`${status} has its status, one heading, a title and a language`, () =>
      visit({ path }, async (page, response, complaints) => {
        assert.equal(response.status(), status);
        assert.equal(await page.locator("h1").count(), 1);
        assert.ok(await page.locator("h1").isVisible());
        assert.notEqual(await page.title(), "");
        assert.equal(await page.locator("html").getAttribute("lang"), "en");
        assert.deepEqual(complaints, []);
      }));

    it(`${status} is Korean for a Korean browser`, () =>
      visit({ path, locale: "ko-KR" }, async (page, response) => {
        assert.equal(response.status(), status);
        assert.equal(await page.locator("html").getAttribute("lang"), "ko");
        assert.match(await page.locator("h1").innerText(), /\p{Script=Hangul}/u);
      }));

    for (const viewport of SCREENS) {
      it(`${status} fits a screen ${viewport.width} wide`, () =>
        visit({ path, viewport }, async (page) => {
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(width <= viewport.width, `it is ${width} wide`);
        }));
    }

    for (const colorScheme of ["light", "dark"]) {
      it(`${status} can be read in ${colorScheme}`, () =>
        visit({ path, colorScheme }, async (page) => {
          const [text, ground] = await page.evaluate(() => {
            const heading = document.querySelector("h1");
            let ground = "rgb(255, 255, 255)";
            for (let behind = heading; behind; behind = behind.parentElement) {
              const colour = getComputedStyle(behind).backgroundColor;
              if (colour !== "rgba(0, 0, 0, 0)") {
                ground = colour;
                break;
              }
            }
            return [getComputedStyle(heading).color, ground];
          });
          assert.ok(contrast(text, ground) >= 4.5, `${text} on ${ground}`);
        }));
    }
  }

  it("500 shows the reference to quote, and nothing of the inside", () =>
    visit({ path: "/api/v1/debug/always-500/" }, async (page, response) => {
      assert.match(await page.locator("body").innerText(), REFERENCE);
      assert.doesNotMatch(await response.text(), /\.lua|always fails|traceback/);
    }));

  it("404 gives no reference to quote", () =>
    visit({ path: "/no/such/page/" }, async (page) => {
      assert.doesNotMatch(await page.locator("body").innerText(), REFERENCE);
    }));

  it("404 shows a path as text, never as markup", () =>
    visit({ path: "/%3Cimg%20src=x%20onerror=document.title='taken'%3E/" }, async (page, response, complaints) => {
      assert.equal(response.status(), 404);
      assert.notEqual(await page.title(), "taken");
      assert.equal(await page.locator("img").count(), 0);
      assert.deepEqual(complaints, []);
    }));
});
