"""`data`: where the data set is looked for."""

import json


class TestData:
    def test_is_looked_for_in_places_that_are_listed(self, call, tmp_path):
        said = call("data", "where", "--data", tmp_path, "--json")
        places = json.loads(said.out)
        assert places[0] == {"name": "--data", "path": str(tmp_path), "found": False}
        listed = call("data", "where", "--data", tmp_path).out.splitlines()
        assert listed[0] == f"missing  --data: {tmp_path}"
        assert len(listed) == len(places)
