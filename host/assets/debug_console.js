// The console in each frame of the debug page: Lua asked of the frame as it failed. Whatever comes back is set as text,
// never as markup.
(() => {
  "use strict";

  const FOLDER = "/__mulligan__/debug/";
  const KOREAN = {
    "Lua in this frame": "이 프레임의 Lua",
    "an expression or statements; Enter runs, Shift+Enter goes on": "식이나 문장. Enter로 실행, Shift+Enter로 줄바꿈",
    "Run": "실행",
    "The console is locked": "콘솔이 잠겨 있습니다",
    "The server printed a PIN in its terminal when it started.": "서버가 시작할 때 터미널에 PIN을 출력했습니다.",
    "Unlock": "열기",
    "Cancel": "취소",
    "not run: the console is locked": "실행하지 않았습니다: 콘솔이 잠겨 있습니다",
    "there is more than is shown": "보이는 것보다 더 있습니다",
    "line": "줄",
    "the server does not answer": "서버가 응답하지 않습니다",
    "tries left": "번 더 시도할 수 있습니다",
    "(nothing)": "(값 없음)",
  };
  const korean = document.documentElement.lang === "ko";
  const say = (text) => (korean && KOREAN[text]) || text;

  /** An element with its attributes and its content: texts and elements. */
  function make(name, attributes, ...content) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }

  /** Resolves to { status, body } of an answer as JSON. */
  async function post(address, question) {
    try {
      const response = await fetch(FOLDER + address, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(question),
      });
      return { status: response.status, body: await response.json() };
    } catch {
      return { status: 0, body: { code: "away", detail: say("the server does not answer") } };
    }
  }

  // ---- the PIN ----

  let asking = null; // the promise of the question that is on the screen

  /** Asks for the PIN until it is right; resolves to false if the person gives up, or may not try any more. */
  function askForPin() {
    asking ??= new Promise((resolve) => {
      const input = make("input", {
        id: "pin", autocomplete: "off", spellcheck: "false", inputmode: "numeric", placeholder: "123-456-789", required: "",
        maxlength: "20", "aria-describedby": "pin-wrong",
      });
      const wrong = make("p", { id: "pin-wrong", class: "wrong", role: "alert" });
      const submit = make("button", { type: "submit" }, say("Unlock"));
      const cancel = make("button", { type: "button" }, say("Cancel"));
      const form = make("form", { method: "dialog" },
        make("h2", { id: "pin-title" }, say("The console is locked")),
        make("p", {}, say("The server printed a PIN in its terminal when it started.")),
        make("label", { for: "pin" }, "PIN"), input, wrong, make("div", { class: "buttons" }, cancel, submit));
      const dialog = make("dialog", { class: "pin", "aria-labelledby": "pin-title" }, form);
      let unlocked = false;
      cancel.addEventListener("click", () => dialog.close());
      dialog.addEventListener("close", () => {
        dialog.remove();
        asking = null;
        resolve(unlocked);
      });
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        submit.disabled = true;
        const { status, body } = await post("unlock", { pin: input.value });
        submit.disabled = false;
        unlocked = status === 200;
        if (unlocked) return dialog.close();
        wrong.textContent = body.detail;
        if (body.tries !== undefined) {
          wrong.textContent += korean ? ` ${body.tries}${say("tries left")}.` : ` ${body.tries} ${say("tries left")}.`;
        }
        submit.disabled = body.code === "locked";
        input.select();
      });
      document.body.append(dialog);
      dialog.showModal();
      input.focus();
    });
    return asking;
  }

  /** Evaluates, asking for the PIN where it is needed; null if it was not given. */
  async function evaluate(question) {
    for (;;) {
      const answer = await post("evaluate", question);
      if (answer.body.code !== "pin_needed") return answer;
      if (!(await askForPin())) return null;
    }
  }

  // ---- what was asked before, in any frame of the page ----

  const history = [];

  /** Walks through the history from a text that is being written. */
  class Recall {
    #at = null;
    #draft = "";

    forget() {
      this.#at = null;
    }

    /** The text `step` further on, or undefined at either end. */
    go(step, current) {
      if (this.#at === null) {
        this.#at = history.length;
        this.#draft = current;
      }
      const next = this.#at + step;
      if (next < 0 || next > history.length) return undefined;
      this.#at = next;
      return next === history.length ? this.#draft : history[next];
    }
  }

  // ---- one console ----

  /** Adds a piece of the conversation and brings it into sight. */
  function tell(talk, kind, text) {
    talk.append(make("pre", { class: kind }, text));
    talk.scrollTop = talk.scrollHeight;
  }

  function tellAnswer(talk, answer) {
    if (!answer) return tell(talk, "remark", say("not run: the console is locked"));
    const { status, body } = answer;
    if (status !== 200) return tell(talk, "failed", body.detail);
    if (body.printed) tell(talk, "printed", body.printed.replace(/\n$/, ""));
    for (const value of body.values) tell(talk, "value", value);
    if (body.truncated) tell(talk, "remark", say("there is more than is shown"));
    if (body.error !== null) {
      const place = body.line && !/^console:\d+:/.test(body.error) ? ` (${say("line")} ${body.line})` : "";
      tell(talk, "failed", [body.error + place, ...body.trace.map((line) => `  ${line}`)].join("\n"));
    }
    return undefined;
  }

  /** Is the cursor on the first line of the text (or, with `last`, on its last)? */
  function isAtEdge(input, last) {
    const rest = last ? input.value.slice(input.selectionEnd) : input.value.slice(0, input.selectionStart);
    return input.selectionStart === input.selectionEnd && !rest.includes("\n");
  }

  function fill(place) {
    const { request, level } = place.closest("section[data-request][data-level]").dataset;
    const talk = make("div", { class: "talk", role: "log", "aria-live": "polite" });
    const input = make("textarea", {
      rows: "1", "aria-label": say("Lua in this frame"), spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      placeholder: say("an expression or statements; Enter runs, Shift+Enter goes on"),
    });
    const button = make("button", { type: "submit" }, say("Run"));
    const form = make("form", {}, make("span", { class: "mark", "aria-hidden": "true" }, "›"), input, button);
    const recall = new Recall();
    let busy = false;

    function grow() {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight}px`;
    }

    function write(text) {
      input.value = text;
      input.setSelectionRange(text.length, text.length);
      grow();
    }

    async function run() {
      const code = input.value;
      if (busy || code.trim() === "") return;
      busy = true;
      button.disabled = true;
      place.setAttribute("aria-busy", "true");
      recall.forget();
      if (history.at(-1) !== code) history.push(code);
      tell(talk, "asked", code);
      write("");
      tellAnswer(talk, await evaluate({ request, level: Number(level), code }));
      place.removeAttribute("aria-busy");
      button.disabled = false;
      busy = false;
      input.focus();
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      run();
    });
    input.addEventListener("input", grow);
    input.addEventListener("keydown", (event) => {
      if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        run();
      } else if (step && !event.shiftKey && isAtEdge(input, step > 0)) {
        const text = recall.go(step, input.value);
        if (text === undefined) return;
        event.preventDefault();
        write(text);
      }
    });
    place.append(talk, form);
  }

  for (const place of document.querySelectorAll("section[data-request][data-level] .console")) fill(place);
})();
