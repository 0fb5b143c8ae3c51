"""The manifests of packaging/kubernetes, put together as kustomize does it, as far as they use kustomize."""

import pathlib

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "resources", "components", "configMapGenerator", "patches", "images",
         "replicas"}


class Overlay:
    """What `kubectl apply -k FOLDER` would apply, by kind and name."""

    def __init__(self, folder, components=()):
        self.files = set()
        self.objects = {}
        self._read(pathlib.Path(folder).resolve())
        for component in components:
            self._read(pathlib.Path(component).resolve())

    def _read(self, folder):
        kustomization = self._load(folder / "kustomization.yaml")[0]
        if unknown := set(kustomization) - KNOWN:
            raise ValueError(f"{folder}: the test does not know what kustomize does with {sorted(unknown)}")
        for name in kustomization.get("resources", []) + kustomization.get("components", []):
            path = (folder / name).resolve()
            if path.is_dir():
                self._read(path)
            else:
                for each in self._load(path):
                    self._add(each)
        for generator in kustomization.get("configMapGenerator", []):
            self._generate(folder, generator)
        for patch in kustomization.get("patches", []):
            for each in self._load(folder / patch["path"]):
                merge(self.get(each["kind"], each["metadata"]["name"]), each)
        for replicas in kustomization.get("replicas", []):
            self.get("Deployment", replicas["name"])["spec"]["replicas"] = replicas["count"]
        for image in kustomization.get("images", []):
            for each in self.of("Deployment"):
                for container in each["spec"]["template"]["spec"]["containers"]:
                    if container["image"] == image["name"]:
                        container["image"] = f"{image['newName']}:{image['newTag']}"

    def _load(self, path):
        self.files.add(path)
        return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))

    def _add(self, each):
        key = each["kind"], each["metadata"]["name"]
        if key in self.objects:
            raise ValueError(f"{key} is there twice")
        self.objects[key] = each

    def _generate(self, folder, generator):
        data = {}
        for name in generator["files"]:
            self.files.add(folder / name)
            data[name] = (folder / name).read_text(encoding="utf-8")
        self._add({"kind": "ConfigMap", "metadata": {"name": generator["name"]}, "data": data})

    def get(self, kind, name):
        return self.objects[kind, name]

    def of(self, kind):
        return [each for (one, _), each in self.objects.items() if one == kind]


def merge(base, patch):
    """A strategic merge; lists are replaced, which is right for none that has a merge key, so there must be none."""
    for key, value in patch.items():
        if isinstance(value, list):
            raise ValueError(f"a patch with a list, {key}: the test can't merge that as kustomize does")
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = value
