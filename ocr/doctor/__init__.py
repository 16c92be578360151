"""The doctor: scan a folder of captioned images as training would, and report what is wrong.

`scan` collects the facts, `checks` turns them into findings, `report` prints them.
"""
