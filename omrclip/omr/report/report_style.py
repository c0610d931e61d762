"""The style sheet of the report. The colours are those of the overlays, for light and dark screens and for paper."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ground: #f4f6f8; --ink: #1a2733; --soft: #5b6b7a; --line: #d7dee5;
  --marked: #0072b2; --unmarked: #9fb0c0; --pass: #009e73; --check: #b35c00; --uncertain: #e69f00; --fail: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --paper: #182129; --ground: #0f161c; --ink: #e6edf3; --soft: #9fb0c0;
  --line: #33414e; --marked: #4aa8e0; --unmarked: #5f7284; --pass: #2bbd92; --check: #f0b13c; --uncertain: #f0b13c;
  --fail: #f07c3a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.7rem; margin: 0 0 16px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 12px; }
h3 { font-size: 1rem; margin: 16px 0 4px; overflow-wrap: anywhere; }
p { margin: 0 0 8px; max-width: 75ch; }
main > section { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 20px;
margin-top: 16px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; }
.tiles div { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.tiles strong { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span, .muted { color: var(--soft); font-size: .875rem; }
.stack { display: flex; height: 28px; border-radius: 6px; overflow: hidden; background: var(--line); gap: 2px; }
i { display: block; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
i.marked { background: var(--marked); } i.unmarked { background: var(--unmarked); } i.pass { background: var(--pass); }
i.uncertain { background: var(--uncertain); } i.fail { background: var(--fail); }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; margin: 10px 0; padding: 0;
font-size: .875rem; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px;
vertical-align: -1px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); gap: 4px 36px; }
.cards section { break-inside: avoid; border-top: 1px solid var(--line); }
.cards h3 { margin-top: 8px; } .cards p { font-size: .8125rem; margin: 2px 0 8px; } .check { color: var(--check); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 20px; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: .875rem; color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 4px 10px 4px 0; vertical-align: top; font-weight: normal; overflow-wrap: anywhere; }
thead th { font-weight: 600; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
tbody td { border-bottom: 1px solid var(--line); }
.number { text-align: right; }
.bars { table-layout: fixed; } .bars th, .bars td { border: 0; padding: 1px 6px 1px 0; line-height: 1.3; }
.bars th { width: 30%; } .bars td { text-align: right; width: 4.2em; }
.bars td:last-child { color: var(--soft); padding-right: 0; }
.bars td.bar { width: auto; } .bars i { height: 12px; min-width: 1px; border-radius: 2px; margin-top: 3px; }
.cards .bars th { width: 36%; } .cards .bars td { width: 3.6em; } .cards .bars td.bar { width: auto; }
.wide { overflow-x: auto; } .wide td:first-child { min-width: 7em; }
details { margin-top: 12px; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
svg { display: block; width: 100%; height: auto; max-width: 860px; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); text-anchor: middle; }
.figures svg text { font-size: 16px; }
svg text.end { text-anchor: end; } svg text.start { text-anchor: start; }
svg .axis { stroke: var(--soft); } svg .rule { stroke: var(--line); }
svg .mark { stroke: var(--check); stroke-dasharray: 4 3; }
svg rect { print-color-adjust: exact; } svg rect.marked { fill: var(--marked); }
svg rect.unmarked { fill: var(--unmarked); }
@media (max-width: 520px) { .bars td:last-child { display: none; } main > section { padding: 14px; }
  svg text { font-size: 17px; } }
@media print { :root { --paper: #fff; --ground: #fff; --ink: #000; --soft: #444; --line: #ccc; --marked: #0072b2;
  --unmarked: #9fb0c0; --pass: #009e73; --check: #8a4600; --uncertain: #e69f00; --fail: #d55e00; }
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  main > section { border: 0; padding: 0; margin-top: 18pt; } }
"""
