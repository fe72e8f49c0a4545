"""The report's style sheet."""

STYLE = """
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2024;--faint:#60646c;--rule:#dcdfe3;--panel:#f4f5f7;
--good:#18794e;--bad:#c62a2f;--c0:#2f6fdb;--c1:#d9722b;--c2:#2c9a6b;--c3:#a8509a;--c4:#8a6d2f;--c5:#5b6b7a}
@media (prefers-color-scheme:dark){:root{--ground:#16181b;--ink:#e8eaed;--faint:#a0a6ad;--rule:#33373c;
--panel:#1f2226;--good:#4cc38a;--bad:#ff8b8b;--c0:#6ea0ff;--c1:#f0975a;--c2:#5cc796;--c3:#d58ac9;--c4:#c9a75c;
--c5:#9aabbb}}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.2rem}h3{font-size:1rem}
small{color:var(--faint);font-size:.8em}td small{display:block;white-space:nowrap}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .6rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{background:var(--panel);white-space:nowrap}
.better{color:var(--good)}.worse{color:var(--bad)}.undecided{color:var(--faint)}
.charts{display:flex;flex-wrap:wrap;gap:1rem}.charts div{flex:1 1 440px;max-width:560px}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--ink)}
.grid{stroke:var(--rule)}.axis,.whisker.ink{stroke:var(--ink)}.dashed{stroke-dasharray:4 4}
.whisker{stroke-width:1.5}.line{fill:none;stroke-width:2}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}
.dot,.bar{fill:var(--c)}.line,.whisker{stroke:var(--c)}
.legend span{margin-right:1.2rem}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.4em;
background:var(--c)}
figure{margin:0 0 1.2rem}.panels{display:flex;flex-wrap:wrap;gap:.4rem}.panels span{display:flex;
flex-direction:column}
img{max-width:180px;background:var(--panel)}
"""
