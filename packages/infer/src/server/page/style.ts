/** The chat page's style: light and dark by the system's setting, from phone to desk. */
export const STYLE = `:root {
  color-scheme: light dark;
  --back: #f6f7f5; --face: #ffffff; --ink: #1c211f; --dim: #5b6562; --line: #d5dbd8; --accent: #24614f; --on-accent: #ffffff; --own: #e2efe9; --bad: #a3281c;
}
@media (prefers-color-scheme: dark) {
  :root { --back: #141716; --face: #1d2220; --ink: #e8ecea; --dim: #a0aaa6; --line: #38403d; --accent: #7cc4ac; --on-accent: #0d1412; --own: #25372f; --bad: #ff9d90; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
html, body { height: 100%; margin: 0; }
body {
  display: grid; grid-template-rows: auto 1fr auto auto; height: 100dvh; max-width: 48rem; margin: 0 auto; padding: 0 1rem;
  background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
html { background: var(--back); }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: .75rem 0; border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 1.05rem; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
main { overflow-y: auto; padding: 1rem 0; display: flex; flex-direction: column; gap: .75rem; }
#hint { color: var(--dim); margin: auto; max-width: 26rem; text-align: center; }
article { max-width: 88%; padding: .55rem .85rem; border-radius: .9rem; background: var(--face); border: 1px solid var(--line); align-self: flex-start; overflow-wrap: anywhere; }
article.user { align-self: flex-end; background: var(--own); border-color: transparent; }
article h2 { margin: 0; font-size: .75rem; font-weight: 600; color: var(--dim); }
article p { margin: 0; white-space: pre-wrap; }
article.busy p::after { content: "▍"; color: var(--accent); }
#status { min-height: 1.4em; margin: 0 0 .25rem; font-size: .8rem; color: var(--dim); }
#status.bad { color: var(--bad); }
form { padding-bottom: max(.9rem, env(safe-area-inset-bottom)); }
details { margin-bottom: .5rem; font-size: .85rem; color: var(--dim); }
summary { cursor: pointer; width: max-content; padding: .25rem 0; }
.fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; padding: .35rem 0; }
.fields label { display: grid; gap: .15rem; }
.fields .wide { grid-column: 1 / -1; }
.compose { display: flex; gap: .5rem; align-items: flex-end; }
input, textarea { width: 100%; font: inherit; color: var(--ink); background: var(--face); border: 1px solid var(--line); border-radius: .6rem; padding: .5rem .65rem; }
textarea { resize: none; max-height: 40dvh; overflow-y: auto; }
button { font: inherit; min-height: 2.6rem; padding: .4rem 1rem; border-radius: .6rem; border: 1px solid var(--line); background: var(--face); color: var(--ink); cursor: pointer; white-space: nowrap; }
#send { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (prefers-reduced-motion: no-preference) {
  article.busy p::after { animation: blink 1s steps(2) infinite; }
  @keyframes blink { 50% { opacity: 0; } }
}
`;
