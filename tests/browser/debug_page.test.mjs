// The page of debug mode as a developer uses it: read, unfolded, copied from, left open while the script is mended. And
// as somebody would misuse it: values that try to run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { contrast, launchBrowser, openContext } from "./browser.mjs";
import { startServer } from "./server.mjs";

const APP = "tests/http/apps/debug";
const FILL = "/seminar/2/fill/";
const MESSAGE = "attempt to perform arithmetic on a nil value (field 'capcity')";
const HOSTILE = ["markup", "quotes", "control", "bidi", "broken", "megabyte", "korean"];
const SCREENS = [
  { width: 1200, height: 800 },
  { width: 360, height: 640 },
];
// What is small or pale must be readable, too.
const TEXTS = [
  "h1 .type", "h1 .message", ".status", ".reason", ".where", ".actions button", ".reference a", "nav .place", ".tag",
  ".frame.app .place", ".frame.native .function", ".frame.library .function", ".line", ".line.here", ".line .k",
  ".line .s", ".line .n", ".line .c", ".values th", ".values code.number", ".values code.string", ".crumbs .time",
  ".crumbs .kind", "small", "caption", "#watch", "nav li.native .function", "i",
];

describe("the debug page", () => {
  let server;
  let browser;

  before(async () => {
    server = await startServer({ app: APP, args: ["--debug"] });
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Opens a path as a person would, and hands the page to `look` with what went wrong in it. */
  async function visit(path, look, { from = server, viewport = SCREENS[0], colorScheme = "light" } = {}) {
    const context = await openContext(browser, {
      viewport, colorScheme, permissions: ["clipboard-read", "clipboard-write"],
    });
    try {
      const page = await context.newPage();
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("dialog", (dialog) => {
        complaints.push(`a dialog: ${dialog.message()}`);
        return dialog.dismiss();
      });
      // That the page itself is a 500 is no news.
      page.on("console", (message) => {
        const text = message.text();
        if (message.type() === "error" && !text.startsWith("Failed to load resource")) complaints.push(text);
      });
      const response = await page.goto(from.url + path);
      await look(page, response, complaints);
      assert.deepEqual(complaints, []);
    } finally {
      await context.close();
    }
  }

  it("opens with what happened, where, and the values there", () =>
    visit(FILL, async (page, response) => {
      assert.equal(response.status(), 500);
      assert.match(await page.title(), /^LuaError: /);
      assert.equal(await page.locator("h1").count(), 1);
      assert.match(await page.locator("h1").innerText(), /^LuaError\s+attempt to perform arithmetic on a nil value/);
      assert.equal(await page.locator(".where code").innerText(), "scripts/lib/seminars.lua:13");
      const first = page.locator("#frame-1");
      assert.ok(await first.locator(".line.here").isVisible());
      assert.match(await first.locator(".line.here").innerText(), /seminar\.capcity/);
      assert.match(await first.locator("table.values").first().innerText(), /joined\s+2/);
      assert.match(await page.locator("#sql").innerText(), /1 statement in .* ms/);
      assert.match(await page.locator("#before").innerText(), /counting who joined SQL/);
    }));

  it("unfolds a frame of the library to its source, and folds it again", () =>
    visit("/exception/", async (page) => {
      const frame = page.locator(".frame.library");
      assert.equal(await frame.locator(".line.here").isVisible(), false);
      await frame.locator("summary").click();
      assert.ok(await frame.locator(".line.here").isVisible());
      await frame.locator("summary").click();
      assert.equal(await frame.locator(".line.here").isVisible(), false);
      await page.locator("#unfold").click();
      assert.ok(await frame.locator(".line.here").isVisible());
      assert.equal(await page.locator("#unfold").innerText(), "Fold all");
    }));

  it("unfolds a table that is too long for a line", () =>
    visit(FILL, async (page) => {
      const table = page.locator("#frame-2 details.table", { hasText: "of those who came" });
      assert.equal(await table.locator("tr").first().isVisible(), false);
      await table.locator("summary").first().click();
      assert.match(await table.innerText(), /note\s+"of those who came, about half"/);
    }));

  it("is used by keyboard alone", () =>
    visit(FILL, async (page) => {
      const focused = () => page.evaluate(() => document.activeElement.closest(".frame")?.id);
      await page.keyboard.press("j");
      assert.equal(await focused(), "frame-1");
      await page.keyboard.press("j");
      assert.equal(await focused(), "frame-2");
      await page.keyboard.press("k");
      assert.equal(await focused(), "frame-1");
      await page.keyboard.press("Enter");
      assert.equal(await page.locator("#frame-1 .line.here").isVisible(), false);
      await page.locator("nav a", { hasText: "fill" }).focus();
      await page.keyboard.press("Enter");
      await page.locator("#frame-1 .line.here").waitFor({ state: "visible" });
    }));

  describe("copies", () => {
    /** Presses a button and returns what it has put into the clipboard. */
    async function copied(page, name) {
      await page.evaluate(() => navigator.clipboard.writeText(""));
      await page.getByRole("button", { name }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    }

    it("the traceback as text", () =>
      visit(FILL, async (page) => {
        const text = await copied(page, "Copy as text");
        assert.ok(text.startsWith(`LuaError: scripts/lib/seminars.lua:13: ${MESSAGE}\n`), text);
        assert.match(text, /> +13 \| {3}local share <const> = joined \* percent/);
        assert.match(text, /joined = 2/);
      }));

    it("the request as a command that a shell runs", () =>
      visit(`${FILL}?it's=$(x)&b=%20`, async (page) => {
        const command = await copied(page, "Copy as curl");
        const { stdout } = await promisify(execFile)("bash", ["-c", `${command} 2>/dev/null`]);
        assert.match(stdout, /^HTTP\/1\.1 500/);
        assert.match(stdout, /it%27s=\$\(x\)&amp;b=%20/);
      }));

    it("the command that shows the error again", () =>
      visit(FILL, async (page, response) => {
        const command = await copied(page, /^mulligan errors show/);
        assert.equal(command, `mulligan errors show ${response.headers()["x-error-id"]}`);
      }));
  });

  describe("is not run by what it shows", () => {
    for (const kind of HOSTILE) {
      it(kind, () =>
        visit(`/hostile/?message=${kind}`, async (page) => {
          for (const table of await page.locator("#frame-2 details.table > summary").all()) await table.click();
          assert.equal(await page.evaluate(() => window.taken), undefined);
          assert.equal(await page.locator("main img, main b, h1 script, main script").count(), 0);
          assert.equal(await page.locator("textarea").count(), 3 + (await page.locator(".console textarea").count()));
          assert.ok(await page.locator("#request").isVisible());
        }));
    }

    it("the address of a 404", () =>
      visit("/%3C/title%3E%3Cimg%20src=x%20onerror=window.taken=1%3E/?<script>taken=1</script>", async (page) => {
        assert.equal(await page.evaluate(() => window.taken), undefined);
        assert.equal(await page.locator("img").count(), 0);
      }));
  });

  describe("of an address without a route", () => {
    it("leads to the nearest one", () =>
      visit("/alvie/", async (page, response) => {
        assert.equal(response.status(), 404);
        assert.match(await page.locator(".routes tr").first().innerText(), /GET\s+\/alive\/\s+scripts\/routes\/debug\.lua/);
        await page.getByRole("link", { name: "/alive/" }).click();
        assert.equal(await page.locator("body").innerText(), '{"alive":true}');
      }));

    it("finds one among many", () =>
      visit("/nothing/", async (page) => {
        await page.getByLabel("Filter").fill("RETURNED/");
        const rows = page.locator(".routes tr:visible");
        assert.equal(await rows.count(), 3);
        assert.match(await rows.first().innerText(), /\/returned\//);
      }));
  });

  it("of a stored error is that of the failure, but waits for nothing", () =>
    visit(FILL, async (page) => {
      await page.locator(".reference a").click();
      await page.waitForURL(/\/__mulligan__\/debug\/errors\/ERR-/);
      assert.match(await page.locator("h1").innerText(), /capcity/);
      assert.ok(await page.locator("#frame-1 .line.here").isVisible());
      assert.equal(await page.locator("#watch").count(), 0);
    }));

  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of SCREENS) {
      it(`fits a screen ${viewport.width} wide and can be read there, ${colorScheme}`, async () => {
        for (const path of [FILL, "/exception/", "/hostile/?message=control", "/nothing/"]) {
          await visit(path, async (page) => {
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(width <= viewport.width, `${path} is ${width} wide`);
            for (const [text, colour, ground] of await page.evaluate(coloursOf, TEXTS))
              assert.ok(contrast(colour, ground) >= 4.5, `${text} of ${path}: ${colour} on ${ground}`);
          }, { viewport, colorScheme });
        }
      });
    }
  }
});

describe("the debug page, left open", () => {
  let server;
  let browser;
  let source;

  before(async () => {
    server = await startServer({ app: APP, args: ["--debug"] });
    browser = await launchBrowser();
    source = await readFile(join(server.scripts, "lib/seminars.lua"), "utf8");
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const save = (content) => server.save("lib/seminars.lua", content);

  /** Saves the script as it was and waits until that serves; returns its generation. */
  async function restore() {
    await save(`${source}\n-- ${Math.random()}`);
    for (;;) {
      const now = await (await fetch(`${server.url}/__mulligan__/debug/generation`)).json();
      const failing = (await fetch(server.url + FILL)).status === 500;
      if (!now.failed && failing) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  const mended = () => source.replace("seminar.capcity", "(seminar.capacity + 1)");

  it("says why a save does not load, and reloads itself when one has mended the route", async () => {
    await restore();
    const page = await (await openContext(browser)).newPage();
    await page.goto(server.url + FILL);
    await page.locator("#watch[data-state=watching]").waitFor();
    await save(`${source}\nlocal = ;`);
    await page.locator("#watch[data-state=failed]").waitFor();
    assert.match(await page.locator("#watch").innerText(), /scripts\/lib\/seminars\.lua:19/);
    assert.match(await page.locator("h1").innerText(), /capcity/);
    await save(mended());
    await page.getByText('{"share":').waitFor();
    assert.equal(page.url(), server.url + FILL);
    await page.context().close();
  });

  it("reloads itself from a 404 when the route is there", async () => {
    const page = await (await openContext(browser)).newPage();
    const response = await page.goto(`${server.url}/brand-new/`);
    assert.equal(response.status(), 404);
    await server.save(
      "routes/new.lua",
      'require("mulligan.route").get("/brand-new/", function() return 200, { new = true } end, { auth = require("mulligan.auth").none })\n',
    );
    await page.getByText('{"new":true}').waitFor();
    await page.context().close();
  });

  it("does not send a POST again by itself, but offers to", async () => {
    await restore();
    const page = await (await openContext(browser)).newPage();
    const posts = [];
    page.on("request", (request) => request.method() === "POST" && posts.push(request.url()));
    await page.goto(`${server.url}/alive/`);
    await page.evaluate((action) => {
      const form = document.createElement("form");
      form.method = "post";
      form.action = action;
      form.innerHTML = '<input name="joined" value="2">';
      document.body.append(form);
      form.submit();
    }, FILL);
    await page.locator("#watch[data-state=watching]").waitFor();
    assert.match(await page.locator(".what").innerText(), /POST/);
    await save(mended());
    // What the button does, a reload, makes the browser ask its user; a test cannot answer that.
    await page.getByRole("button", { name: "Send this POST again" }).waitFor();
    assert.match(await page.locator("h1").innerText(), /capcity/);
    assert.equal(posts.length, 1);
    await page.context().close();
  });
});

/** For each selector that finds something: itself, its colour, and the colour that it stands on. Runs in the page. */
function coloursOf(selectors) {
  // A mixed colour comes in a form of its own; a canvas knows its bytes.
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    return `rgb(${canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).join(", ")})`;
  };
  const found = [];
  for (const selector of selectors) {
    const element = document.querySelector(selector);
    if (!element || !element.checkVisibility()) continue;
    const grounds = [];
    for (let behind = element; behind; behind = behind.parentElement)
      grounds.unshift(getComputedStyle(behind).backgroundColor);
    found.push([selector, paint([getComputedStyle(element).color]), paint(grounds)]);
  }
  return found;
}
