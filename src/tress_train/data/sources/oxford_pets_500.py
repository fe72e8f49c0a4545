"""Oxford-IIIT Pet (Parkhi et al. 2012)."""

from __future__ import annotations

from tress_train.data.source import DataSource, Gathering, Repository

SOURCE = DataSource(
    name="oxford-pets-500",
    what="cats and dogs at full size with trimaps; alpha 128 is the unknown edge",
    origin="Oxford-IIIT Pet (Parkhi et al. 2012)",
    licence="CC BY-SA 4.0",
    free="open",
    fingerprints={
        "val": "7a994ff7b9ecdaf19233a2bf49d9cad4f7fe753eb24c8d4764cb944822b3765b",
    },
    gathering=Gathering(
        kind="animals",
        edge="unknown128",
        alpha="trimap",
        repositories=(
            Repository(
                name="Naveen-Dodda/Sample_Pets_dataset",
                commit="9281626a62066c09f278b9b41ac4bad3683d7541",
                folder="images",
                picture=r"(.+)\.jpg",
                label=r"annotations/trimaps/\1.png",
                checksum="9190fb39a66eed6b86e0fdda873fb74cd4a7cfad24ab11d5f568b56a9530e15a",
            ),
            Repository(
                name="simonhansen1999/PetClassification",
                commit="1b52994357192034951537a9e53372bcfe4def97",
                folder="data/images",
                picture=r"(.+)\.jpg",
                label=r"data/annotations/trimaps/\1.png",
                checksum="81e6ebe4b2a1fe3fe8575519e4428b666a460936fca783139bac83a58317c585",
            ),
        ),
    ),
)
