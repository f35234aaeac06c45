--- The start page for people with a browser: what this is, and how to talk to it.
--
-- One self-contained page in the look of pages/404.html. What stands between double braces is the English text, and
-- messages/ko.lua has it in Korean; all of it is the service's own, so that nothing needs escaping.

local i18n = require "mulligan.i18n"

local TEMPLATE <const> = [==[
<!doctype html>
<html lang="{{en}}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{{Mulligan seminars}}</title>
  <style>
    :root {
      color-scheme: light dark;
      --paper: #fbf6ec; --card: #fffdf8; --ink: #2b2a26; --soft: #625d52; --line: #e6dcc8;
      --green: #2f6b4f; --flag: #c8452f; --grass: #cfe3cf; --code: #f4ecdc;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #1b1d1a; --card: #242722; --ink: #f1ece0; --soft: #b9b2a2; --line: #3b3f37;
        --green: #8fd0ae; --flag: #f08a73; --grass: #2d4334; --code: #1b1d1a;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; padding: 1.5rem; background: var(--paper); color: var(--ink);
      font: 1.0625rem/1.65 system-ui, -apple-system, "Segoe UI", "Apple SD Gothic Neo", "Noto Sans KR", sans-serif;
      word-break: keep-all; overflow-wrap: anywhere;
    }
    header, main { max-width: 52rem; margin: 0 auto 1.5rem; }
    main, header { padding: clamp(1.25rem, 4vw, 2.5rem); background: var(--card); border: 1px solid var(--line);
      border-radius: 1.25rem; }
    header { display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; align-items: center; }
    header div { flex: 1 1 18rem; }
    header svg { flex: 0 1 15rem; width: 15rem; height: auto; margin: 0 auto; }
    h1, h2 { margin: 0 0 .75rem; line-height: 1.25; }
    h1, h2 { font-family: Georgia, "Noto Serif KR", "Apple SD Gothic Neo", serif; }
    h1 { font-size: clamp(1.7rem, 5vw, 2.4rem); }
    h2 { margin-top: 2rem; font-size: 1.35rem; }
    h2:first-child { margin-top: 0; }
    p { margin: 0 0 1rem; }
    .soft { color: var(--soft); }
    code, pre { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, monospace; font-size: .92em; }
    pre { margin: 0 0 1rem; padding: 1rem; overflow-x: auto; background: var(--code); border: 1px solid var(--line);
      border-radius: .75rem; line-height: 1.5; }
    .wide { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; }
    th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); }
    th, td { text-align: left; vertical-align: top; }
    th { color: var(--soft); font-size: .95rem; }
    @media (min-width: 48rem) { td:first-child { white-space: nowrap; } }
    b { color: var(--green); }
    a { color: var(--green); font-weight: 600; text-underline-offset: .2em; }
    a:focus-visible, pre:focus-visible { outline: 3px solid var(--green); outline-offset: 3px; border-radius: .2rem; }
  </style>
</head>
<body>
  <header>
    <div>
      <h1>{{Mulligan seminars}}</h1>
      <p>{{Instructors open seminars. Participants join them, and may drop them.}}</p>
      <p class="soft">
        {{Who drops a seminar cannot come back alone: that takes the operations team, and a second try.}}
      </p>
    </div>
    <svg viewBox="0 0 272 120" role="img" aria-label="{{A golf ball on its way to the flag}}">
      <path d="M0 96 Q70 74 140 92 T272 84 V120 H0 Z" fill="var(--grass)"/>
      <path d="M212 88 V22" stroke="var(--soft)" stroke-width="3" stroke-linecap="round"/>
      <path d="M212 22 L176 33 L212 45 Z" fill="var(--flag)"/>
      <ellipse cx="212" cy="89" rx="11" ry="3" fill="var(--ink)"/>
      <path d="M44 82 Q110 -30 206 78" fill="none" stroke="var(--soft)" stroke-width="2" stroke-dasharray="4 6"/>
      <circle cx="118" cy="30" r="8" fill="var(--card)" stroke="var(--ink)" stroke-width="2"/>
      <path d="M36 96 v-10 M31 86 h10" stroke="var(--green)" stroke-width="3" stroke-linecap="round"/>
    </svg>
  </header>
  <main>
    <h2>{{A first request}}</h2>
    <p>{{This is a service for programs. Sign up, keep the token, and send it with everything else:}}</p>
    <pre tabindex="0">curl -s {origin}/api/v1/signup/ \
  -d email=you@example.com -d username=you \
  -d password=secret -d role=participant

curl -s {origin}/api/v1/seminar/ -H "Authorization: JWT $TOKEN"</pre>
    <p class="soft">
      {{Bodies may be JSON, a form or multipart. A token is good for two hours; a login gives a new one.}}
    </p>

    <h2>{{What there is}}</h2>
    <div class="wide">
      <table>
        <tr><th scope="col">{{Request}}</th><th scope="col">{{What it does}}</th></tr>
        <tr><td><b>POST</b> <code>/api/v1/signup/</code></td><td>{{Makes an account; answers with a token.}}</td></tr>
        <tr><td><b>POST</b> <code>/api/v1/login/</code></td><td>{{Answers with a token.}}</td></tr>
        <tr><td><b>GET PUT</b> <code>/api/v1/user/me/</code></td><td>{{Shows your account; changes it.}}</td></tr>
        <tr><td><b>GET</b> <code>/api/v1/user/{id}/</code></td><td>{{Shows somebody.}}</td></tr>
        <tr><td><b>POST</b> <code>/api/v1/user/participant/</code></td>
          <td>{{Makes a participant of an instructor.}}</td></tr>
        <tr><td><b>GET POST</b> <code>/api/v1/seminar/</code></td>
          <td>{{Lists the seminars, by name and age; opens one.}} <code>?name=lua&amp;order=earliest</code></td></tr>
        <tr><td><b>GET PUT</b> <code>/api/v1/seminar/{id}/</code></td><td>{{Shows a seminar; changes it.}}</td></tr>
        <tr><td><b>POST DELETE</b> <code>/api/v1/seminar/{id}/user/</code></td>
          <td>{{Joins a seminar; drops it.}}</td></tr>
      </table>
    </div>

    <h2>{{When something goes wrong}}</h2>
    <p>{{Every refusal says why, in your language. If the fault is ours, the answer carries a reference.}}
      <a href="/api/v1/debug/always-500/">{{See what that looks like}}</a></p>
  </main>
</body>
</html>
]==]

--- The page in the language in use.
-- @tparam string origin where this service is reached, "http://127.0.0.1:8080"; HTML-safe
-- @treturn string
return function(origin)
  local page <const> = TEMPLATE:gsub("{{(.-)}}", i18n.t)
  return i18n.fill(page, { origin = origin })
end
