/** The chat page. All text of people and models is put in by the script as text, never as markup. */
export const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Chat</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<header>
  <h1 id="model">Chat</h1>
  <button type="button" id="fresh">New chat</button>
</header>
<main id="log" role="log" aria-live="polite" aria-label="Conversation" tabindex="0">
  <p id="hint">Say something to the model. It was trained from scratch, knows little, and may be wrong about all of it.</p>
</main>
<p id="status" role="status"></p>
<form id="form">
  <details id="settings">
    <summary>Settings</summary>
    <div class="fields">
      <label>Temperature <input id="temperature" type="number" min="0" max="2" step="0.1" placeholder="model's own" inputmode="decimal"></label>
      <label>Top-p <input id="top_p" type="number" min="0.05" max="1" step="0.05" placeholder="model's own" inputmode="decimal"></label>
      <label>Most tokens <input id="max_tokens" type="number" min="1" max="1024" step="1" placeholder="model's own" inputmode="numeric"></label>
      <label>Seed <input id="seed" type="number" min="0" step="1" placeholder="random" inputmode="numeric"></label>
      <label class="wide">Told before the chat <input id="system" type="text" placeholder="nothing" autocomplete="off"></label>
      <label class="wide" id="key_field" hidden>API key <input id="key" type="password" autocomplete="off"></label>
    </div>
  </details>
  <div class="compose">
    <label for="message" class="hidden">Message</label>
    <textarea id="message" rows="1" placeholder="Message" enterkeyhint="send" autofocus></textarea>
    <button type="submit" id="send">Send</button>
    <button type="button" id="stop" hidden>Stop</button>
  </div>
</form>
<noscript><p>This page needs JavaScript.</p></noscript>
<script src="/page.js" type="module"></script>
</body>
</html>
`;
