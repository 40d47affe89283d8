"""The sets that are enhanced and scored: all checked data folders but those that were trained on."""

from dataclasses import dataclass
from pathlib import Path

from espnet_plugin.errors import UserError
from espnet_plugin.recipe.data_statistics import TRAINING_SETS
from espnet_plugin.recipe.stage import finished_record
from espnet_plugin.simulation.draw import META_FILE


@dataclass(frozen=True)
class DataFolder:
    """A checked data folder.

    Args:
        name: of the set.
        folder: the data folder.
        source: what it was made from; a simulated set, or folders of recordings.
    """

    name: str
    folder: Path
    source: str

    @property
    def noisy_list(self) -> Path:
        return self.folder / "wav.scp"

    @property
    def clean_list(self) -> Path | None:
        """The list of references; None where there are none."""
        path = self.folder / "spk1.scp"
        return path if path.is_file() else None

    @property
    def simulation_table(self) -> Path | None:
        """``meta.tsv`` of a simulated set; None for recordings."""
        path = Path(self.source) / META_FILE
        return path if path.is_file() else None


def find_test_sets(data_dir: Path) -> list[DataFolder]:
    """All finished data folders except those for training; the corpus's own test set comes first.

    Raises:
        UserError: there is none.
    """
    found = []
    for record in sorted(Path(data_dir).glob("*/format.stage.json")):
        content = finished_record(record)
        if content is not None and record.parent.name not in TRAINING_SETS:
            found.append(DataFolder(record.parent.name, record.parent, content["settings"]["source"]))
    if not found:
        raise UserError(f"{data_dir} holds no test set; run stage 3 (check and format) first")
    return sorted(found, key=lambda item: (item.name != "test", item.name))
