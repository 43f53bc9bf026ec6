# SPDX-License-Identifier: BSL-1.0
"""The chart of a table of ratios: a group of bars a scenario, a bar a program and quantity, the floor as the line at 1."""
from xml.sax.saxutils import escape

COLOURS = {"CPU": "#1f6f8b", "wall": "#e09f3e", "memory": "#9aa5b1"}
BAR, GAP, LEFT, RIGHT, TOP = 11, 10, 250, 70, 64


def svg(title, groups, longest=6.0):
    """`groups`: [(scenario, [(program, {quantity: ratio})])]. Bars longer than `longest` are cut, their number is not."""
    width, unit = 960, (960 - LEFT - RIGHT) / longest
    out, y = [], TOP
    for scenario, programs in groups:
        y += 20
        out.append(f'<text x="12" y="{y}" class="group">{escape(scenario)}</text>')
        y += 10
        for program, ratios in programs:
            shown = [(q, r) for q, r in ratios.items() if r is not None]
            if not shown:
                continue
            out.append(f'<text x="{LEFT - 10}" y="{y + BAR * len(shown) / 2 + 4}" text-anchor="end">{escape(program)}</text>')
            for quantity, ratio in shown:
                long = min(ratio, longest) * unit
                out.append(f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR - 2}" fill="{COLOURS[quantity]}">'
                           f'<title>{escape(f"{scenario}: {program}, {quantity} {ratio:.2f}")}</title></rect>')
                out.append(f'<text x="{LEFT + long + 5:.1f}" y="{y + BAR - 3}" class="number">{ratio:.2f}</text>')
                y += BAR
            y += GAP
    bottom = y + 6
    grid = []
    for tick in range(int(longest) + 1):
        x = LEFT + tick * unit
        grid.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" class="{"one" if tick == 1 else "grid"}"/>')
        grid.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick}</text>')
    legend = "".join(f'<rect x="{LEFT + 110 * i}" y="36" width="12" height="12" fill="{colour}"/>'
                     f'<text x="{LEFT + 110 * i + 18}" y="46">{quantity}</text>'
                     for i, (quantity, colour) in enumerate(COLOURS.items()))
    axis = f'<text x="{LEFT + longest * unit / 2:.0f}" y="{bottom + 36}" text-anchor="middle">times the floor (less is better)</text>'
    style = ("text{font:12px sans-serif;fill:#222}.title{font-size:16px;font-weight:bold}.group{font-weight:bold}"
             ".number{font-size:10px}.grid{stroke:#ddd}.one{stroke:#c0392b;stroke-width:1.5}")
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 48}" '
                      f'viewBox="0 0 {width} {bottom + 48}">', f"<style>{style}</style>",
                      f'<rect width="100%" height="100%" fill="#fff"/><text x="12" y="24" class="title">{escape(title)}</text>',
                      legend, *grid, *out, axis, "</svg>", ""])
