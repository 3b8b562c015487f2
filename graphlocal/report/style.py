"""The look of a page, by day and by night."""

from __future__ import annotations

# Series A and B, then ten classes that stay apart for colour-blind readers (after Paul Tol's muted
# scheme); the dark set has the same hues, lighter.
_LIGHT = {
    "paper": "#fdfcfa", "ink": "#1c2327", "soft": "#5c676e", "line": "#dcded9", "well": "#f4f3ee",
    "a": "#0b6396", "b": "#b5501b",
    **{f"c{i}": colour for i, colour in enumerate((
        "#332288", "#c9a400", "#117733", "#cc6677", "#2ba3d4", "#882255", "#44aa99", "#dd7722",
        "#aa4499", "#5b6166"))},
}
_DARK = {
    "paper": "#14181b", "ink": "#e7e9e6", "soft": "#9ba6ac", "line": "#2e363b", "well": "#1b2125",
    "a": "#69b7e8", "b": "#ef9f6d",
    **{f"c{i}": colour for i, colour in enumerate((
        "#8d83f0", "#e0c14a", "#4fb06c", "#ec8d9c", "#6ccdf5", "#c9628f", "#6fd3c2", "#f2994a",
        "#d67fca", "#c3c9cd"))},
}
NUM_CLASS_COLOURS = 10


def _variables(colours: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in colours.items())


CSS = (
    ":root{color-scheme:light dark;" + _variables(_LIGHT) + "}\n"
    "@media (prefers-color-scheme:dark){:root{" + _variables(_DARK) + "}}\n"
    "@media print{:root{" + _variables(_LIGHT) + "}}\n"
) + """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
 font:17px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",
 "Liberation Sans",Arial,sans-serif}
main{max-width:60rem;margin:0 auto;padding:4.5rem 1.5rem 5rem}
h1,h2{line-height:1.2;letter-spacing:-.015em;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:clamp(1.9rem,5vw,2.75rem);font-weight:680;margin:.35rem 0 1.1rem}
h2{font-size:1.45rem;font-weight:650;margin:0 0 .6rem}
p{margin:0 0 1rem;max-width:41rem}
p,figcaption,caption{text-wrap:pretty}
a{color:var(--a)}
.kicker{color:var(--soft);font-size:.9rem;margin:0}
.lead{font-size:1.17rem;line-height:1.55}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.6rem,1fr));
 gap:1.1rem 1.6rem;margin:2rem 0 0;padding:1.3rem 0 1.2rem;
 border-block:1px solid var(--line)}
.facts dt{color:var(--soft);font-size:.88rem}
.facts dd{margin:0;font-size:1.55rem;font-weight:620;letter-spacing:-.02em;line-height:1.3;
 font-variant-numeric:tabular-nums;white-space:nowrap}
.facts small{font-size:.62em;font-weight:450;color:var(--soft);letter-spacing:0}
section{margin-top:4rem}
.chapter{margin-top:6rem;padding-top:2rem;border-top:2px solid var(--ink)}
.chapter h2{font-size:1.95rem}
.notes{color:var(--soft);font-size:.92rem;margin-top:1.2rem}
figure{margin:1.6rem 0 0}
figure svg{display:block;width:100%;height:auto;overflow:visible}
figure.beside{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 3rem;
 align-items:center}
figcaption,caption{color:var(--soft);font-size:.92rem;line-height:1.5;text-align:left}
figcaption{margin-top:.8rem;max-width:41rem}
figcaption b,caption b{color:var(--ink);font-weight:620}
caption{padding-bottom:.7rem}
.pair{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:0 3rem;
 align-items:start}
.scroll{overflow-x:auto;margin-top:1.6rem}
figure .scroll{margin-top:0}
.wide{min-width:44rem}
table{border-collapse:collapse;width:100%;font-size:.95rem;font-variant-numeric:tabular-nums}
th,td{padding:.48rem 0 .48rem 1rem;text-align:right;border-bottom:1px solid var(--line);
 white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{font-weight:500;color:var(--soft);font-size:.88rem;vertical-align:bottom}
tbody th{font-weight:500}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.15rem;list-style:none;margin:.9rem 0 0;padding:0;
 font-size:.92rem;font-variant-numeric:tabular-nums}
.legend i{display:inline-block;width:.72em;height:.72em;border-radius:50%;margin-right:.42em}
.made{color:var(--soft);font-size:.82rem;margin:1.1rem 0 .3rem}
pre{margin:0;padding:.8rem 1rem;background:var(--well);border-radius:4px;overflow-x:auto;
 font:.8rem/1.6 ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;tab-size:4}
pre.shell{white-space:pre-wrap;overflow-wrap:anywhere}
footer{margin-top:4.5rem;padding-top:1.2rem;border-top:1px solid var(--line);color:var(--soft);
 font-size:.88rem}
footer p{max-width:none;margin:0 0 .4rem}
svg text{font-family:inherit;fill:var(--ink);font-variant-numeric:tabular-nums}
svg .tick{font-size:13px;fill:var(--soft)}
svg .name{font-size:14px;font-weight:620}
svg .grid{stroke:var(--line);stroke-width:1;fill:none}
svg .mark{stroke:var(--ink);stroke-width:1;stroke-dasharray:2 3;fill:none}
svg .bar,svg .shade{fill:var(--a)}
svg .points{fill:none;stroke-width:5;stroke-linecap:round}
svg .faint{stroke:var(--a);opacity:.4}
svg .median{stroke:var(--b);stroke-width:3;stroke-linecap:round}
svg .median.under{stroke:var(--paper);stroke-width:6}
svg .cell.on{fill:var(--paper)}
svg .small{stroke:var(--soft);stroke-width:1.3;fill:none}
svg .node{fill:var(--soft)}
svg .self{fill:var(--b)}
svg .curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .band{opacity:.18}
svg .edges{fill:none;stroke:var(--ink);stroke-width:.6;opacity:.17}
svg .dots,svg .halo{fill:none;stroke-linecap:round}
svg .halo{stroke:var(--paper)}
svg .class{font-size:30px;font-weight:700;text-anchor:middle;paint-order:stroke;
 stroke:var(--paper);stroke-width:7px;stroke-linejoin:round}
@media (max-width:46rem){
 body{font-size:16px}
 main{padding:2.4rem 1.1rem 3rem}
 section{margin-top:3rem}
 .pair{grid-template-columns:minmax(0,1fr)}
 .facts{grid-template-columns:repeat(auto-fill,minmax(8.4rem,1fr));gap:.9rem 1.2rem}
 figure.beside{display:block}
 .facts dd{font-size:1.3rem}
 th,td{padding-left:.7rem}
 svg .class{font-size:46px;stroke-width:10px}
}
"""
