"""The function's package, a Crossplane `.xpkg`, built without Docker and without a CLI: `make xpkg`.

An `.xpkg` is an image: the base with its Python, the function's wheels, and last a layer with
`package.yaml`. What goes in is `functions/package/`, the pins of `requirements/function.txt`, this
repository's own two distributions and the base; equal inputs give equal bytes.

`runtime` reads what the function runs on, `wheels` finds and fetches what it needs, `tree` turns
wheels into files and `layers` those into layers, `bytecode` compiles them with the base's Python,
`base` and `registry` bring the base, `metadata` writes package.yaml and `sbom` what is inside;
`image` puts the image together, and `build` runs it all.
"""
