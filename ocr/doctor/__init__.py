"""The doctor: scan a folder of captioned images as training does, and report problems.

`scan` collects the facts, `checks` turns them into findings, `report` prints them.
"""
