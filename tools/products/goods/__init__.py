"""Things as people sell, use and photograph them, each made by chance from simple solids."""

from __future__ import annotations

from goods import carried, home, rides, tools

STANDING = (
    *(home.bottle, home.vase, home.cup, home.kettle, home.pan, home.bowl, home.lamp, home.chair, home.armchair),
    *(home.table, home.basket, home.ladder, home.candlestick, home.clock, home.shelf, home.cushion),
    *(carried.carton, carried.books, carried.suitcase, carried.handbag, carried.handbag, carried.backpack),
    *(carried.shoe, carried.hat, carried.phone, carried.laptop, carried.camera, carried.headphones),
    *(carried.mug_of_pens, carried.toy_bear, carried.ball_toy, carried.guitar),
    *(tools.glasses, tools.watch, rides.car, rides.car, rides.bicycle, rides.bicycle, rides.pram, rides.trolley),
)
# Seen from above rather than from the side.
LYING = (
    *(tools.hammer, tools.screwdriver, tools.wrench, tools.scissors, tools.pliers, tools.cutlery, tools.key),
    *(tools.brush, tools.racket, carried.guitar, carried.books, carried.phone, tools.glasses),
)
