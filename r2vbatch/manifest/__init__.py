"""The manifest: a YAML file to a validated `Manifest`, or every problem with its place.

`load` is the way in. The stages, each a module: `schema` (the first gate), `references` (the
cast, files and URLs), `variables` and `texts` (``${name}``), `mentions` (``@name``), `shots`
(forms, settings, variations), `ids`; `reader` puts them in order, `board` those of the shots,
whether they stand in the manifest or in a table (`tables`). What a model makes of all this is
the plan's business: nothing here knows a model, a price or a region's hosts.

Rules (stable names), beside those of `yamlsource` and `tables`:

- the schema: ``unknown-key``, ``missing-key``, ``wrong-type``, ``wrong-value``,
  ``out-of-range``, ``no-value``, ``empty``, ``not-a-mapping``
- names: ``bad-name``, ``duplicate-name``, ``bad-id``, ``duplicate-id``, ``unknown-shot``
- references: ``missing-file``, ``not-a-file``, ``kind-mismatch``, ``unknown-kind``,
  ``bad-url``, ``data-uri``, ``cast-kind``, ``bad-output``, ``output-elsewhere`` (warning)
- quotes: ``curly-quotes`` (warning)
- prompts: ``lone-dollar``, ``unknown-variable``, ``unused-name`` (warning), ``too-long``,
  ``unknown-mention``, ``no-reference``, ``unknown-cast``, ``duplicate-cast``, ``not-listed``
- shots: ``two-forms``, ``size-and-resolution``, ``too-many-variations``, ``not-yet``
- ``# r2v: ignore[rule]`` (`ignores`): ``unknown-rule``, ``unused-ignore`` (warnings)
- and ``too-many-problems``, where the rest is not shown
"""

from __future__ import annotations

from r2vbatch.manifest.reader import load, load_text

__all__ = ["load", "load_text"]
