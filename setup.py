"""The packages of the wheel: ``flows`` and ``tasks`` go into ``l2s.app``, see there."""

from setuptools import find_packages, setup

APP = {f"l2s.app.{name}": name.replace(".", "/") for name in find_packages(include=["flows*", "tasks*"])}
OWN = {name: name.replace(".", "/") for name in find_packages(include=["l2s*"], exclude=["l2s.app.*"])}

setup(packages=[*OWN, *APP], package_dir={**OWN, **APP})
