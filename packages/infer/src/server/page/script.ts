/** The chat page's script: plain JavaScript for today's browsers, against the same routes that every client uses. */
export const SCRIPT = String.raw`const at = (id) => document.getElementById(id);
const log = at("log"), form = at("form"), message = at("message"), send = at("send"), stop = at("stop"), status = at("status");
let messages = [];
let speaking;

const headers = () => ({ "content-type": "application/json", ...(at("key").value ? { authorization: "Bearer " + at("key").value } : {}) });

function say(text, bad = false) {
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

function bubble(role, text) {
  at("hint")?.remove();
  const article = document.createElement("article");
  article.className = role;
  const who = document.createElement("h2");
  who.textContent = role === "user" ? "You" : "Model";
  const words = document.createElement("p");
  words.textContent = text;
  article.append(who, words);
  log.append(article);
  log.scrollTop = log.scrollHeight;
  return { article, words };
}

async function failure(response) {
  if (response.status === 401) {
    at("key_field").hidden = false;
    at("settings").open = true;
  }
  const body = await response.json().catch(() => ({}));
  return new Error(body.error?.message ?? "The server answered " + response.status + ".");
}

/** Yields the data of server-sent events. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      const data = event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data === "[DONE]") return;
      if (data) yield JSON.parse(data);
    }
  }
}

function settings() {
  const body = {};
  for (const name of ["temperature", "top_p", "max_tokens", "seed"]) if (at(name).value !== "") body[name] = Number(at(name).value);
  return body;
}

async function reply() {
  const chat = messages;
  const { article, words } = bubble("assistant", "");
  article.classList.add("busy");
  speaking = new AbortController();
  send.hidden = true;
  stop.hidden = false;
  say("");
  const system = at("system").value.trim();
  let text = "", note = "";
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: headers(),
      signal: speaking.signal,
      body: JSON.stringify({ ...settings(), messages: [...(system ? [{ role: "system", content: system }] : []), ...chat], stream: true, truncation: "auto", stream_options: { include_usage: true } }),
    });
    if (!response.ok) throw await failure(response);
    let began = 0;
    for await (const event of events(response.body)) {
      if (event.error) throw new Error(event.error.message);
      const [choice] = event.choices;
      if (choice?.delta.content) {
        began ||= performance.now();
        text += choice.delta.content;
        const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
        words.textContent = text;
        if (atEnd) log.scrollTop = log.scrollHeight;
      }
      if (choice?.finish_reason === "length") note = ", cut off by its length";
      if (event.usage) {
        const { prompt_tokens, completion_tokens } = event.usage;
        const seconds = (performance.now() - began) / 1000;
        say(completion_tokens + " tokens" + (seconds > 0.05 && completion_tokens > 1 ? " at " + Math.round((completion_tokens - 1) / seconds) + " per second" : "") + note + "; the chat has " + (prompt_tokens + completion_tokens));
      }
    }
  } catch (error) {
    if (speaking.signal.aborted) say("Stopped.");
    else say(error.message, true);
  }
  article.classList.remove("busy");
  send.hidden = false;
  stop.hidden = true;
  speaking = undefined;
  if (chat !== messages) return; // a new chat has begun
  if (text) chat.push({ role: "assistant", content: text });
  else {
    // Nothing came: the question goes back to where it can be sent again.
    article.previousElementSibling?.remove();
    article.remove();
    const { content } = chat.pop() ?? { content: "" };
    if (!message.value) message.value = content;
  }
  message.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const content = message.value.trim();
  if (!content || speaking) return;
  message.value = "";
  fit();
  messages.push({ role: "user", content });
  bubble("user", content);
  void reply();
});

// A field that is out of range must be seen to be corrected.
form.addEventListener("invalid", () => (at("settings").open = true), true);

message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

function fit() {
  message.style.height = "auto";
  message.style.height = message.scrollHeight + 2 + "px";
}
message.addEventListener("input", fit);

stop.addEventListener("click", () => speaking?.abort());

at("fresh").addEventListener("click", () => {
  speaking?.abort();
  messages = [];
  log.replaceChildren();
  say("");
  message.focus();
});

try {
  const response = await fetch("/v1/models", { headers: headers() });
  if (!response.ok) throw await failure(response);
  const [model] = (await response.json()).data;
  at("model").textContent = document.title = model.id;
} catch (error) {
  say(error.message, true);
}
`;
