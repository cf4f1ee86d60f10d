r"""Judging a formula by what it computes: a small book.

 1. `spelling`    many spellings become one (`macros` are expanded first)
 2. `tokens`      characters become tokens
 3. `grammar`     tokens become a tree (`cursor`, `notation`, `calculus`, `arrays`; the tree itself: `nodes`)
 4. `values`      typed values, and `worlds` in which every name has one
 5. `evaluate`    a tree and a world give a value (`scope`, `indexing`; `dots` fills in what `…` leaves out)
 6. `spec`        a question, declared; `oracles` and `trials` work out what is right
 7. `spans`       where in a cell the maths is (`python` for code), and `statements` into which it is cut
 8. `claims`      which statements are the answer
 9. `compare`     a claim is tried in every world
10. `judge`       the verdict (`witness` shows where it fails; `doubt` and `beside` read the words around it)
11. `derivation`  whether a minimiser is derived, and every step holds

`fuel` bounds the work, `printing` writes a tree on one line, `verdicts` says what a judgement is.
"""
