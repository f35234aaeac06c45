// The console in the frames of debug mode's page, as a developer uses it: by keyboard, behind its PIN, and with answers
// that would like to be markup.
import assert from "node:assert/strict";
import { after, before, beforeEach, afterEach, describe, it } from "node:test";
import { contrast, launchBrowser, openContext } from "./browser.mjs";
import { startServer } from "./server.mjs";

const APP = "tests/http/apps/frames";

describe("the console of a frame", () => {
  let server;
  let browser;
  let pin;
  let context;
  let page;
  let complaints;

  before(async () => {
    server = await startServer({ app: APP, args: ["--debug"] });
    [, pin] = await server.logged(/the PIN of the debug page's console is ([\d-]{11})/);
    browser = await launchBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  beforeEach(() => open());
  afterEach(() => context.close());

  /** A person's browser, which has no cookie yet. */
  async function open(options = {}) {
    context = await openContext(browser, { locale: "en-US", viewport: { width: 1200, height: 800 }, ...options });
    page = await context.newPage();
    complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // The browser itself reports failures and refusals, which the tests provoke.
      if (message.type() === "error" && !/status of (4\d\d|500)/.test(message.text())) complaints.push(message.text());
    });
    page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  }

  /** The console of the frame whose summary says so. */
  function consoleOf(text) {
    return page.locator("section.frame", { has: page.locator("summary", { hasText: text }) }).locator(".console");
  }

  async function ask(console, code) {
    const before = await console.locator(".talk pre").count();
    await console.locator("textarea").fill(code);
    await console.locator("textarea").press("Enter");
    await page.waitForFunction(
      ([element, count]) => element.querySelectorAll(".talk pre").length > count + 1 && !element.ariaBusy,
      [await console.elementHandle(), before],
    ).catch((error) => { throw new Error(`no answer to ${code}`, { cause: error }); });
    return console.locator(".talk pre").last();
  }

  async function unlock(console) {
    await console.locator("textarea").fill("'unlocked'");
    await console.locator("textarea").press("Enter");
    await page.locator("dialog.pin input").fill(pin);
    await page.keyboard.press("Enter");
    await console.locator(".talk .value").waitFor();
  }

  it("asks for the PIN, and then answers what was asked", async () => {
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await total.locator("textarea").click();
    await page.keyboard.type("order.name");
    await page.keyboard.press("Enter");
    const dialog = page.locator("dialog.pin");
    await dialog.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "pin");
    assert.equal(await page.evaluate(() => document.activeElement.labels[0].textContent), "PIN");

    await page.keyboard.type("000-000-000");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#pin-wrong").textContent !== "");
    assert.match(await dialog.locator("#pin-wrong").innerText(), /not the PIN .* 9 tries left\.$/);
    // The next try has to wait a little; what comes too soon is told so, and tried again.
    for (let answer; !answer?.ok();) {
      await dialog.locator("input").fill(pin);
      [answer] = await Promise.all([page.waitForResponse("**/unlock"), page.keyboard.press("Enter")]);
    }
    await total.locator(".talk .value").waitFor();
    assert.equal(await total.locator(".talk .value").innerText(), '"Ada"');
    const cookie = (await context.cookies()).find(({ name }) => name.startsWith("mulligan_debug_"));
    assert.ok(cookie.httpOnly);
    assert.equal(cookie.sameSite, "Strict");
    assert.deepEqual(complaints, []);
  });

  it("runs nothing if the PIN is not given", async () => {
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await total.locator("textarea").fill("amount");
    await total.locator("textarea").press("Enter");
    await page.locator("dialog.pin").waitFor();
    await page.keyboard.press("Escape");
    await total.locator(".talk .remark").waitFor();
    assert.match(await total.locator(".talk .remark").innerText(), /not run/);
    assert.equal(await page.locator("dialog.pin").count(), 0);
    assert.equal(await total.locator(".talk .value").count(), 0);
  });

  it("answers in each frame by that frame's names, results and failures apart", async () => {
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await unlock(total);
    assert.equal(await (await ask(total, "amount, limit")).innerText(), "3");
    assert.deepEqual((await total.locator(".talk .value").allInnerTexts()).slice(-2), ["5", "3"]);
    const failed = await ask(total, "print('seen')\nlocal x = order.nothing.more");
    assert.equal(await failed.getAttribute("class"), "failed");
    assert.match(await failed.innerText(), /^console:2: attempt to index a nil value/);
    assert.equal(await total.locator(".talk .printed").last().innerText(), "seen");
    const handler = consoleOf("frames.lua:26");
    assert.equal(await (await ask(handler, "req.path")).innerText(), '"/order/5/"');
    assert.deepEqual(complaints, []);
  });

  it("takes many lines by Shift+Enter and brings back what was asked by the arrow keys", async () => {
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await unlock(total);
    const input = total.locator("textarea");
    const low = (await input.boundingBox()).height;
    await input.click();
    await page.keyboard.type("local sum = 0");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("for i = 1, amount do sum = sum + i end");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("return sum");
    assert.ok((await input.boundingBox()).height > 2 * low);
    await page.keyboard.press("Enter");
    await total.locator(".talk .value", { hasText: "15" }).waitFor();
    assert.equal(await input.inputValue(), "");
    await ask(total, "_ + 1");
    await page.keyboard.type("a draft");
    await page.keyboard.press("ArrowUp");
    assert.equal(await input.inputValue(), "_ + 1");
    await page.keyboard.press("ArrowUp");
    assert.match(await input.inputValue(), /^local sum = 0\nfor /);
    await page.keyboard.press("ArrowUp"); // within the three lines
    assert.match(await input.inputValue(), /^local sum = 0\nfor /);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    assert.equal(await input.inputValue(), "_ + 1");
    await page.keyboard.press("ArrowDown");
    assert.equal(await input.inputValue(), "a draft");
    assert.equal(await page.evaluate(() => document.activeElement.tagName), "TEXTAREA");
  });

  it("shows hostile values, prints and errors as text", async () => {
    await page.goto(`${server.url}/hostile/`);
    const frame = consoleOf("frames.lua");
    await unlock(frame);
    for (const code of ["text", "print(text)", "error(text)", "{ [text] = text }", "text .. ' = 1'"]) {
      const answer = await ask(frame, code);
      assert.match(await answer.innerText(), /<img src=x onerror=/);
    }
    assert.equal(await page.locator(".console img, .console script").count(), 0);
    assert.notEqual(await page.title(), "taken");
    assert.deepEqual(complaints, []);
  });

  it("says that the failure is gone once the scripts have been loaded anew", async () => {
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await unlock(total);
    await page.route("**/generation*", (route) => route.abort()); // the page would load itself anew
    await server.save("lib/later.lua", "return {}\n");
    for (let said = ""; !/loaded anew/.test(said);) said = await (await ask(total, "amount")).innerText();
    assert.equal(await total.locator(".talk pre").last().getAttribute("class"), "failed");
  });

  it("refuses in Korean where the browser is Korean", async () => {
    await context.close();
    await open({ locale: "ko-KR" });
    await page.goto(`${server.url}/order/5/`);
    const total = consoleOf("total");
    await total.locator("textarea").fill("amount");
    await total.locator("textarea").press("Enter");
    await page.locator("dialog.pin input").fill("1");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("#pin-wrong").textContent !== "");
    assert.match(await page.locator("#pin-wrong").innerText(), /\p{Script=Hangul}/u);
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1200, 360]) {
      it(`can be read in ${colorScheme}, ${width} wide`, async () => {
        await context.close();
        await open({ colorScheme, viewport: { width, height: 800 } });
        await page.goto(`${server.url}/order/5/`);
        const total = consoleOf("total");
        await unlock(total);
        await ask(total, "order, words, ('long '):rep(100)");
        await ask(total, "print 'printed' error 'raised'");
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
        for (const part of [".asked", ".printed", ".value", ".failed", "button", ".mark"]) {
          const [text, ground] = await total.locator(part).first().evaluate((element) => {
            for (let behind = element; behind; behind = behind.parentElement) {
              const colour = getComputedStyle(behind).backgroundColor;
              if (colour !== "rgba(0, 0, 0, 0)") return [getComputedStyle(element).color, colour];
            }
            return [getComputedStyle(element).color, "rgb(255, 255, 255)"];
          });
          assert.ok(contrast(text, ground) >= 4.5, `${part}: ${text} on ${ground}`);
        }
      });
    }
  }
});
