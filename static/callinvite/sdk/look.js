/** How the elements for other sites look: the styles inside their shadows. Colours, type and size are the page's to change, by
 *  the custom properties that begin with `--callinvite-`; everything else by the parts. */

export const LOOK = `
:host {
  --font: var(--callinvite-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif);
  --surface: var(--callinvite-surface, light-dark(#ffffff, #1a1f2d));
  --sunk: var(--callinvite-sunk, light-dark(#eceff6, #232939));
  --ink: var(--callinvite-ink, light-dark(#171b2b, #eceffa));
  --soft: var(--callinvite-ink-soft, light-dark(#4a5169, #b9c0d6));
  --line: var(--callinvite-line, light-dark(#dfe3ee, #2d3447));
  --accent: var(--callinvite-accent, light-dark(#2f55d4, #8fa8ff));
  --on-accent: var(--callinvite-on-accent, light-dark(#ffffff, #0f1630));
  --good: var(--callinvite-good, light-dark(#157a45, #63cf95));
  --on-good: var(--callinvite-on-good, light-dark(#ffffff, #08240f));
  --bad: var(--callinvite-bad, light-dark(#c4253a, #ff8794));
  --on-bad: var(--callinvite-on-bad, light-dark(#ffffff, #35060d));
  --radius: var(--callinvite-radius, 16px);
  --shadow: var(--callinvite-shadow, 0 24px 70px rgb(6 10 30 / 0.35), 0 4px 16px rgb(6 10 30 / 0.2));
  font-family: var(--font);
}
:host(send-call-invitation-button) {
  display: inline-block;
}
:host([hidden]) {
  display: none;
}
[hidden] {
  display: none !important;
}
*,
::before,
::after {
  box-sizing: border-box;
}
svg {
  display: block;
  width: 1.35em;
  height: 1.35em;
}
button {
  font: inherit;
  cursor: pointer;
  touch-action: manipulation;
  -webkit-tap-highlight-color: transparent;
}
button:disabled {
  cursor: default;
  opacity: 0.55;
}
:focus-visible {
  outline: 3px solid var(--callinvite-focus, var(--accent));
  outline-offset: 2px;
}
h2,
p,
ul,
blockquote {
  margin: 0;
  padding: 0;
}
ul {
  list-style: none;
}

.send {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  gap: 0.5em;
  min-height: 44px;
  max-width: 100%;
  padding: 0.4em 1.1em;
  border: 1px solid transparent;
  border-radius: var(--callinvite-button-radius, 999px);
  background: var(--accent);
  color: var(--on-accent);
  font-weight: 600;
  line-height: 1.25;
  overflow-wrap: anywhere;
}
.send .icon {
  flex: none;
}
.send:not(:disabled):hover {
  filter: brightness(1.08);
}
.send[aria-busy="true"] .icon {
  animation: waiting 1s ease-in-out infinite alternate;
}
@keyframes waiting {
  to {
    opacity: 0.35;
  }
}

.frame {
  position: fixed;
  inset: auto var(--callinvite-offset, 16px) var(--callinvite-offset, 16px) auto;
  z-index: 2147483000;
  display: flex;
  flex-direction: column;
  width: min(var(--callinvite-width, 380px), calc(100vw - 2 * var(--callinvite-offset, 16px)));
  max-height: calc(100dvh - 2 * var(--callinvite-offset, 16px));
  margin: 0;
  padding: 0;
  overflow: auto;
  overscroll-behavior: contain;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  color: var(--ink);
  box-shadow: var(--shadow);
  font-size: 1rem;
  line-height: 1.4;
  text-align: start;
}
.frame--inline {
  position: static;
  z-index: auto;
  width: auto;
  max-height: none;
  box-shadow: none;
}
.frame--large {
  inset: 0;
  width: 100vw;
  max-height: none;
  height: 100dvh;
  border: 0;
  border-radius: 0;
}
.card,
.call {
  display: flex;
  flex-direction: column;
  gap: 0.5rem;
  padding: 1rem;
}
.card {
  align-items: center;
  text-align: center;
}
.card + .call {
  border-top: 1px solid var(--line);
}
.card[hidden] + .call {
  border-top: 0;
}
.call {
  flex: 1;
  min-height: 0;
}
.kind {
  color: var(--soft);
  font-size: 0.9rem;
  font-weight: 600;
}
.name {
  max-width: 100%;
  font-size: 1.25rem;
  font-weight: 650;
  line-height: 1.25;
  overflow-wrap: anywhere;
}
.name:focus {
  outline: none;
}
.soft,
.note {
  max-width: 100%;
  color: var(--soft);
  font-size: 0.9rem;
  overflow-wrap: anywhere;
}
.soft:empty,
.note:empty {
  display: none;
}
.time {
  font-variant-numeric: tabular-nums;
}
.words {
  width: 100%;
  max-height: 7.5em;
  padding: 0.5rem 0.75rem;
  overflow: auto;
  border-radius: 10px;
  background: var(--sunk);
  font-size: 0.95rem;
  overflow-wrap: anywhere;
}

.face {
  display: grid;
  place-items: center;
  width: var(--face, 72px);
  height: var(--face, 72px);
  border-radius: 50%;
  background: #3b5bdb;
  color: #ffffff;
  font-weight: 600;
  font-size: calc(var(--face, 72px) * 0.38);
  line-height: 1;
  user-select: none;
}
.face[data-hue="1"] { background: #0b7285; }
.face[data-hue="2"] { background: #237a35; }
.face[data-hue="3"] { background: #9c36b5; }
.face[data-hue="4"] { background: #c2255c; }
.face[data-hue="5"] { background: #7a5200; }
.face[data-hue="6"] { background: #b8470c; }
.face[data-hue="7"] { background: #5f3dc4; }
.face[data-hue="8"] { background: #1864ab; }
.face[data-hue="9"] { background: #087f5b; }

.rounds {
  display: flex;
  flex-wrap: wrap;
  justify-content: center;
  gap: 0.5rem 1rem;
  width: 100%;
}
/* Of a call: always in one row, however narrow it is. */
.call .rounds {
  flex-wrap: nowrap;
  gap: 0.5rem;
}
.call .round {
  flex: 1 1 0;
  min-width: 0;
  overflow-wrap: anywhere;
}
.card .rounds {
  justify-content: space-around;
  margin-block: 0.25rem;
}
.round {
  display: flex;
  flex-direction: column;
  align-items: center;
  gap: 0.3rem;
  min-width: 64px;
  max-width: 96px;
  padding: 0;
  border: 0;
  background: none;
  color: var(--ink);
  font-size: 0.8125rem;
  border-radius: 12px;
}
.disc {
  display: grid;
  place-items: center;
  width: 52px;
  height: 52px;
  border-radius: 50%;
  background: var(--sunk);
  color: var(--ink);
  font-size: 1.05rem;
}
.round--accept .disc {
  background: var(--good);
  color: var(--on-good);
}
.round--decline .disc,
.round--hang-up .disc {
  background: var(--bad);
  color: var(--on-bad);
}
.round--off .disc {
  background: var(--ink);
  color: var(--surface);
}
.round:not(:disabled):hover .disc {
  filter: brightness(1.08);
}
.plain,
.small {
  min-height: 40px;
  padding: 0.35em 1em;
  border: 1px solid var(--line);
  border-radius: 999px;
  background: var(--surface);
  color: var(--ink);
  font-weight: 600;
}
.plain--loud {
  width: 100%;
  border-color: transparent;
  background: var(--accent);
  color: var(--on-accent);
}
.plain:hover,
.small:hover {
  background: var(--sunk);
}
.plain--loud:hover {
  background: var(--accent);
  filter: brightness(1.08);
}
.small {
  flex: none;
  display: grid;
  place-items: center;
  width: 40px;
  padding: 0;
}
.plains {
  display: flex;
  flex-wrap: wrap;
  justify-content: center;
  gap: 0.5rem;
}
.others {
  width: 100%;
  border-top: 1px solid var(--line);
}
.others__call {
  display: flex;
  align-items: center;
  gap: 0.5rem;
  padding-top: 0.5rem;
}
.others__words {
  flex: 1;
  min-width: 0;
  text-align: start;
  overflow-wrap: anywhere;
}
.head {
  display: flex;
  align-items: flex-start;
  gap: 0.5rem;
}
.head__words {
  flex: 1;
  min-width: 0;
}

.tiles {
  position: relative;
  container-type: inline-size;
  display: grid;
  grid-template-columns: 1fr;
  grid-auto-rows: minmax(0, 1fr);
  gap: 6px;
  aspect-ratio: 4 / 3;
  overflow: hidden;
  border-radius: 12px;
  background: #0e1322;
}
.tiles[data-count="0"]:not(:has(.tile)) {
  display: none;
}
.tiles[data-count="2"] {
  grid-template-columns: 1fr 1fr;
}
.tiles[data-count="3"],
.tiles[data-count="4"] {
  grid-template-columns: 1fr 1fr;
}
.tiles[data-count="5"],
.tiles[data-count="6"],
.tiles[data-count="7"],
.tiles[data-count="8"],
.tiles[data-count="9"] {
  grid-template-columns: 1fr 1fr 1fr;
}
.frame--large .tiles {
  flex: 1;
  min-height: 0;
  aspect-ratio: auto;
}
.tile {
  position: relative;
  display: grid;
  place-items: center;
  min-width: 0;
  min-height: 0;
  overflow: hidden;
  border-radius: 10px;
  background: #1b2340;
  --face: 64px;
  --self: clamp(76px, 28cqi, 200px);
}
.tile__video {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  object-fit: contain;
  background: #0e1322;
}
.tile__video--mirrored {
  transform: scaleX(-1);
}
.tile__name {
  position: absolute;
  inset: auto auto 6px 6px;
  max-width: calc(100% - 12px);
  padding: 0.15em 0.55em;
  overflow: hidden;
  border-radius: 8px;
  background: rgb(6 9 20 / 0.72);
  color: #f4f6ff;
  font-size: 0.8125rem;
  text-overflow: ellipsis;
  white-space: nowrap;
}
/* The own picture covers the corner at the bottom, not a name: beside it there is room in one tile, not in a part of it. */
.tiles[data-count="1"] .tile:has(+ .tile--self) .tile__name {
  max-width: calc(100% - var(--self) - 22px);
}
.tiles:is([data-count="2"], [data-count="4"], [data-count="6"], [data-count="9"]) .tile:has(+ .tile--self) .tile__name {
  inset: 6px auto auto 6px;
}
.tile--self {
  position: absolute;
  inset: auto 8px 8px auto;
  width: var(--self);
  aspect-ratio: 4 / 3;
  border: 1px solid rgb(255 255 255 / 0.3);
  --face: 32px;
}
.tile--self .tile__name {
  inset: auto auto 3px 3px;
  max-width: calc(100% - 6px);
  font-size: 0.7rem;
}

@media (max-width: 480px) {
  .frame:not(.frame--inline, .frame--large) {
    inset: auto 8px calc(8px + env(safe-area-inset-bottom)) 8px;
    width: auto;
    max-height: calc(100dvh - 16px);
  }
}
@media (forced-colors: active) {
  .send,
  .disc,
  .tile {
    border: 1px solid ButtonBorder;
  }
}
@media (prefers-reduced-motion: reduce) {
  .send[aria-busy="true"] .icon {
    animation: none;
  }
}
@media (prefers-reduced-motion: no-preference) {
  .round--accept:not(:disabled) .disc {
    animation: ringing 1.2s ease-in-out infinite;
  }
  @keyframes ringing {
    50% {
      transform: scale(1.07);
    }
  }
}
`;
