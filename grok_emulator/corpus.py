"""What the emulator's web and X know: a few invented pages and posts, neutral and small.

All names, places and domains are made up. Must not know: how they are searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Document(Protocol):
    """What a search needs of a page or a post."""

    @property
    def url(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def searchable(self) -> str: ...


@dataclass(frozen=True)
class Page:
    """A web page."""

    url: str
    title: str
    text: str

    @property
    def domain(self) -> str:
        """The host of the page's address."""
        return self.url.split("/")[2]

    @property
    def searchable(self) -> str:
        """Title and text."""
        return f"{self.title} {self.text}"


@dataclass(frozen=True)
class Post:
    """A post on X; ``date`` is YYYY-MM-DD."""

    id: str
    handle: str
    date: str
    text: str

    @property
    def url(self) -> str:
        """The address under which xAI cites a post."""
        return f"https://x.com/i/status/{self.id}"

    @property
    def searchable(self) -> str:
        """Handle and text."""
        return f"{self.handle} {self.text}"


PAGES: tuple[Page, ...] = (
    Page("https://almanac-of-rivers.test/longest", "The longest rivers of Ostrava Vale",
         "The Merrow is the longest river of the Ostrava Vale at 412 kilometres. It rises at Mount Sallow. "
         "Its mouth lies at the port of Greyhaven."),
    Page("https://greyhaven-port.test/history", "Greyhaven: a short history of the port",
         "The port of Greyhaven opened in 1874. Its lighthouse is 38 metres tall. "
         "Ferries leave for Tern Island daily."),
    Page("https://ternisland.test/visit", "Visiting Tern Island",
         "Tern Island has 640 inhabitants and no cars. The best season for a visit is May, when the terns nest."),
    Page("https://skybridge-news.test/aurora-rocket", "Aurora 9 rocket reaches orbit",
         "The Aurora 9 rocket reached orbit on 4 June 2026. It carried three weather satellites. "
         "The launch had been delayed twice by wind."),
    Page("https://weatherdesk.test/explained/monsoon", "How a monsoon forms",
         "A monsoon forms when land heats faster than the sea. "
         "Moist air then flows inland and rises, which brings rain."),
    Page("https://lumenlang.test/releases", "Lumen releases",
         "The latest stable release of the Lumen programming language is 4.2, published in May 2026. "
         "Version 4.2 adds pattern guards. Lumen 3 is supported until December 2026."),
    Page("https://lumenlang.test/docs/install", "Installing Lumen",
         "Lumen is installed with the command lumenup. It runs on Linux, macOS and Windows."),
    Page("https://codeweekly.test/issues/212", "Code Weekly 212: language round-up",
         "Lumen 4.2 compiles twice as fast as version 4.1. The Quartz framework moved to Lumen in April 2026."),
    Page("https://kitchen-notes.test/sourdough", "Sourdough without fuss",
         "A sourdough starter needs equal weights of flour and water every day. Bake the loaf at 240 degrees Celsius."),
    Page("https://kitchen-notes.test/espresso", "Espresso ratios",
         "A common espresso ratio is one part coffee to two parts water. The shot takes about 28 seconds."),
    Page("https://openhealth-digest.test/sleep", "How much sleep adults need",
         "Most adults need seven to nine hours of sleep a night. Regular hours matter more than a long weekend rest."),
    Page("https://openhealth-digest.test/walking", "Walking and the heart",
         "Thirty minutes of brisk walking a day lowers blood pressure in most adults."),
    Page("https://ledger-daily.test/markets/copper", "Copper price at a two-year high",
         "The copper price rose to 11,200 dollars a tonne in August 2026. Analysts name cable orders as the cause."),
    Page("https://ledger-daily.test/rates", "Central bank keeps rates",
         "The Northmark central bank kept its interest rate at 2.75 percent in September 2026."),
    Page("https://stadium-report.test/final", "Harriers win the league final",
         "The Calder Harriers won the league final 3 to 1 on 17 May 2026. Ines Marlow scored twice."),
    Page("https://museum-of-clocks.test/collection", "The collection of the Museum of Clocks",
         "The oldest clock of the museum dates from 1512. The museum is closed on Mondays. Entry costs 9 euros."),
    Page("https://transitmap.test/lines/blue", "Blue Line",
         "The Blue Line has 21 stations. A ride from Old Mill to Kestrel Square takes 34 minutes."),
    Page("https://batterylab.test/sodium", "Sodium-ion cells explained",
         "Sodium-ion batteries use no lithium and work well in the cold. Their energy density is about 160 watt hours "
         "per kilogram."),
    Page("https://batterylab.test/recycling", "Recycling batteries",
         "About 95 percent of the lithium in a battery can be recovered. The process is called hydrometallurgy."),
    Page("https://modelwatch.test/announcements/heron-2", "Heron 2 announced",
         "Heron 2, an open AI model with 30 billion parameters, was announced on 11 September 2026. "
         "Its licence allows commercial use."),
    Page("https://modelwatch.test/benchmarks", "Benchmark table, autumn",
         "Heron 2 answers 71 percent of the reasoning benchmark correctly. The previous model answered 58 percent."),
    Page("https://gardenbook.test/tomatoes", "Growing tomatoes",
         "Tomatoes want six hours of sun a day. Water them at the roots, never on the leaves."),
    Page("https://bird-atlas.test/arctic-tern", "Arctic tern",
         "The Arctic tern flies about 70,000 kilometres a year, the longest migration of any bird."),
    Page("https://civic-register.test/northmark", "Northmark: facts",
         "The capital of Northmark is Alder Quay. Northmark has 5.4 million inhabitants. "
         "Its president is Runa Teller."),
    Page("https://filmledger.test/awards-2026", "Awards 2026",
         "The film The Salt Road won the award for best picture in March 2026. Its director is Theo Vance."),
    Page("https://telescope-log.test/comet", "A comet for October",
         "Comet Brandt can be seen with the naked eye in October 2026, low in the west after sunset."),
)  # fmt: skip

POSTS: tuple[Post, ...] = (
    Post("2031000000000000101", "lumenlang", "2026-05-12",
         "Lumen 4.2 is out: pattern guards, faster builds, and a new formatter."),
    Post("2031000000000000102", "lumenlang", "2026-08-02",
         "The Lumen conference takes place in Greyhaven on 3 October."),
    Post("2031000000000000103", "skybridge_news", "2026-06-04",
         "Aurora 9 rocket is in orbit. All three satellites answer."),
    Post("2031000000000000104", "skybridge_news", "2026-09-15", "The next Aurora launch is planned for November."),
    Post("2031000000000000105", "modelwatch", "2026-09-11", "Announced today: the AI model Heron 2, weights open."),
    Post("2031000000000000106", "modelwatch", "2026-09-20",
         "We measured the AI model Heron 2: 71 percent on reasoning."),
    Post("2031000000000000107", "calderharriers", "2026-05-17",
         "Champions! 3 to 1 in the league final. Thank you, fans."),
    Post("2031000000000000108", "ines_marlow", "2026-05-18", "Two goals in the final. Still cannot believe it."),
    Post("2031000000000000109", "greyhavenport", "2026-07-01",
         "The ferries to Tern Island run every hour this summer."),
    Post("2031000000000000110", "ledgerdaily", "2026-08-19", "The copper price passes 11,200 dollars a tonne."),
    Post("2031000000000000111", "ledgerdaily", "2026-09-24", "Northmark keeps its interest rate at 2.75 percent."),
    Post("2031000000000000112", "cometwatch", "2026-10-06", "Comet Brandt was easy to see from Mount Sallow tonight."),
    Post("2031000000000000113", "batterylab", "2026-07-22",
         "Sodium-ion cells kept 90 percent of their capacity at -20 degrees."),
    Post("2031000000000000114", "quartzframework", "2026-04-09",
         "Quartz now builds with Lumen. Migration guide in the docs."),
    Post("2031000000000000115", "theovance", "2026-03-15", "Best picture for The Salt Road. Thank you all."),
    Post("2031000000000000116", "transitmap", "2026-06-30",
         "Blue Line: no trains between Old Mill and Kestrel Square on Sunday."),
)  # fmt: skip
