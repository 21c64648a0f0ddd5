"""Preview engines: where the core's preview gets a Pulumi program's resources from.

`recorder` runs the program in this process against a monitor that records; `cli` asks the real
Pulumi. Both return the same `trimtab.preview.records.Recording`.
"""
