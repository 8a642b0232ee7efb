"""The encoding of a text table is told from few lines of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelstudio.data.sources import finish, read_plain
from modelstudio.data.sources.encoding import TITLES, find_encoding
from modelstudio.engine.profiling import profile_source
from modelstudio.project.model import CsvOptions, DataConfig

TOWNS = (
    (
        ["cp1251", "koi8-r", "mac-cyrillic", "iso8859-5"],
        "город,улица,цена\n"
        "Москва,Тверская,120\n"
        "Казань,Баумана,80\n"
        "Самара,Ленинградская,75\n"
        "Омск,Ленина,60\n"
        "Пермь,Комсомольский проспект,66\n"
        "Уфа,Октябрьская,58\n"
        "Тула,Советская,49\n"
        "Сочи,Курортный проспект,140\n"
        "Рязань,Почтовая,52\n"
        "Тверь,Трёхсвятская,47\n"
        "Псков,Рижский проспект,40\n"
        "Курск,Дзержинского,45\n"
        "Томск,Набережная,51\n",
    ),
    (
        ["shift_jis", "euc-jp"],
        "都市,名前,値段\n"
        "東京,さくら商店,120\n"
        "大阪,みどり食堂,80\n"
        "京都,ことぶき旅館,150\n"
        "名古屋,カフェひかり,70\n"
        "札幌,ラーメン横丁,65\n"
        "福岡,やたい村,60\n"
        "神戸,パン工房,55\n"
        "横浜,中華料理店,90\n"
        "仙台,牛たん屋,85\n"
        "広島,お好み焼き,50\n",
    ),
    (
        ["gb18030"],
        "城市,名称,价格\n"
        "北京,故宫博物院,120\n"
        "上海,东方明珠,180\n"
        "广州,白云山,50\n"
        "深圳,世界之窗,200\n"
        "杭州,西湖游船,60\n"
        "成都,熊猫基地,55\n"
        "西安,兵马俑,120\n"
        "南京,中山陵,30\n"
        "重庆,洪崖洞,40\n"
        "武汉,黄鹤楼,70\n",
    ),
    (
        ["big5"],
        "城市,名稱,價格\n"
        "臺北,故宮博物院,120\n"
        "高雄,愛河遊船,80\n"
        "臺中,國家歌劇院,50\n"
        "臺南,赤崁樓,70\n"
        "花蓮,太魯閣國家公園,60\n"
        "基隆,廟口夜市,40\n"
        "新竹,城隍廟,30\n"
        "嘉義,阿里山森林鐵路,150\n"
        "屏東,墾丁海灘,90\n"
        "宜蘭,礁溪溫泉,110\n",
    ),
    (
        ["euc-kr"],
        "도시,이름,가격\n"
        "서울,경복궁,120\n"
        "부산,해운대 시장,80\n"
        "대구,서문시장,50\n"
        "인천,차이나타운,60\n"
        "광주,무등산 식당,40\n"
        "대전,성심당 빵집,55\n"
        "울산,고래박물관,70\n"
        "수원,화성행궁,65\n"
        "춘천,닭갈비 골목,75\n"
        "제주,한라산 등반,90\n",
    ),
    (
        ["cp1252"],
        "stadt,straße,preis\n"
        "München,Königsplatz,120\n"
        "Köln,Schildergasse,80\n"
        "Düsseldorf,Königsallee,140\n"
        "Nürnberg,Färberstraße,50\n"
        "Würzburg,Domstraße,60\n"
        "Münster,Prinzipalmarkt,70\n"
        "Göttingen,Weender Straße,40\n"
        "Tübingen,Neckargasse,45\n"
        "Zürich,Bahnhofstraße,200\n"
        "Österreich,Wien,90\n",
    ),
    (
        ["cp1252"],
        "ville,rue,prix\n"
        "Orléans,Rue Royale,80\n"
        "Besançon,Grande Rue,70\n"
        "Nîmes,Boulevard Gambetta,60\n"
        "Saint-Étienne,Rue de la République,50\n"
        "Évry,Allée des Érables,65\n"
        "Chambéry,Place Saint-Léger,72\n"
        "Béziers,Allées Paul Riquet,44\n",
    ),
    (
        ["cp1252"],
        "ciudad,calle,precio\n"
        "Málaga,Calle Larios,80\n"
        "León,Calle Ancha,50\n"
        "Cádiz,Plaza de España,55\n"
        "La Coruña,Calle Real,60\n"
        "Ávila,Paseo del Rastro,40\n"
        "Jaén,Calle Bernabé Soriano,35\n"
        "Córdoba,Calle Cruz Conde,58\n",
    ),
    (
        ["cp1250", "iso8859-2"],
        "miasto,ulica,cena\n"
        "Łódź,Piotrkowska,80\n"
        "Kraków,Świętego Jana,90\n"
        "Wrocław,Świdnicka,85\n"
        "Poznań,Półwiejska,75\n"
        "Gdańsk,Długa,95\n"
        "Rzeszów,Mickiewicza,50\n"
        "Białystok,Lipowa,48\n"
        "Częstochowa,Aleja Najświętszej Maryi Panny,55\n"
        "Bielsko-Biała,Wzgórze,52\n",
    ),
    (
        ["cp1250"],
        "město,ulice,cena\n"
        "Plzeň,Náměstí Republiky,80\n"
        "Ústí nad Labem,Pařížská,50\n"
        "České Budějovice,Lannova třída,60\n"
        "Hradec Králové,Švehlova,55\n"
        "Olomouc,Třída Svobody,52\n"
        "Zlín,Rašínova,48\n"
        "Děčín,Křížová,42\n"
        "Třebíč,Žižkova,40\n",
    ),
    (
        ["cp1253", "iso8859-7"],
        "πόλη,δρόμος,τιμή\n"
        "Αθήνα,Ερμού,120\n"
        "Θεσσαλονίκη,Τσιμισκή,100\n"
        "Πάτρα,Κορίνθου,60\n"
        "Ηράκλειο,Δαιδάλου,70\n"
        "Λάρισα,Κύπρου,50\n"
        "Βόλος,Ιάσονος,45\n"
        "Χανιά,Χάληδων,65\n",
    ),
    (
        ["cp1254"],
        "şehir,cadde,fiyat\n"
        "İstanbul,İstiklal Caddesi,120\n"
        "İzmir,Kıbrıs Şehitleri,80\n"
        "Eskişehir,Doktorlar Caddesi,50\n"
        "Muğla,Cumhuriyet Caddesi,55\n"
        "Şanlıurfa,Atatürk Bulvarı,40\n"
        "Diyarbakır,Gazi Caddesi,42\n"
        "Çanakkale,Çarşı Caddesi,48\n"
        "Ağrı,Köprü Sokağı,30\n"
        "Iğdır,Güneş Sokağı,28\n",
    ),
    (
        ["cp1255"],
        "עיר,רחוב,מחיר\n"
        "ירושלים,יפו,120\n"
        "תל אביב,דיזנגוף,140\n"
        "חיפה,הנביאים,80\n"
        "באר שבע,הרצל,50\n"
        "נתניה,ויצמן,60\n"
        "אילת,התמרים,70\n"
        "אשדוד,רוגוזין,55\n",
    ),
    (
        ["cp1256"],
        "مدينة,شارع,سعر\n"
        "القاهرة,شارع التحرير,120\n"
        "الرياض,طريق الملك فهد,140\n"
        "بغداد,شارع الرشيد,80\n"
        "دمشق,شارع بغداد,50\n"
        "بيروت,شارع الحمراء,90\n"
        "عمان,شارع الرينبو,70\n"
        "تونس,شارع الحبيب بورقيبة,60\n",
    ),
    (
        ["tis-620"],
        "เมือง,ถนน,ราคา\n"
        "กรุงเทพ,สุขุมวิท,120\n"
        "เชียงใหม่,นิมมานเหมินท์,80\n"
        "ภูเก็ต,ถนนดีบุก,100\n"
        "ขอนแก่น,มิตรภาพ,50\n"
        "พัทยา,ถนนเลียบหาด,90\n",
    ),
)
"""Encodings, and a table of towns in a language written in them."""


def test_most_encodings_are_told_from_few_lines() -> None:
    samples = [
        "".join(text).encode(name, "ignore")
        for names, table in TOWNS
        for name in names
        for lines in [table.splitlines(keepends=True)]
        for text in (lines, lines[:4], [f"{line.split(',')[0]},1\n" for line in lines])
    ]
    names = [name for names, _ in TOWNS for name in names for _ in range(3)]
    right = [
        sample.decode(find_encoding(sample)) == sample.decode(name)
        for sample, name in zip(samples, names, strict=True)
    ]
    assert sum(right) >= 0.95 * len(right)


@pytest.mark.parametrize(
    "text", ["temp \u00b0C,y\n", "caf\u00e9,\u00a35\n", "\u201cwell\u201d,1\n"]
)
def test_single_signs_are_western(text: str) -> None:
    assert find_encoding(text.encode("cp1252") * 9) == "cp1252"


def test_what_is_utf_8_is_never_taken_for_another() -> None:
    for _, table in TOWNS:
        assert find_encoding(table.encode()[:-1]) == "utf-8"


@pytest.mark.parametrize("name", ["utf-32", "utf-32-le", "utf-32-be", "utf-16-le"])
def test_wide_letters_are_told_by_their_null_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\nx\u00e4,1\ny,2\n".encode(name))
    frame = read_plain(DataConfig(path=str(path)))
    assert frame.to_dict(as_series=False) == {"a": ["x\u00e4", "y"], "b": ["1", "2"]}


def test_the_encoding_is_told_and_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TOWNS[0][1], encoding="koi8-r")
    found = finish(profile_source(path))
    assert any("koi8-r (KOI8-R, Cyrillic)" in note for note in found.notes)
    path.write_bytes(b"town,n\n" + b"\xe4\xee,1\n" * 9)
    towns = [
        read_plain(DataConfig(path=str(path), csv=CsvOptions(encoding=chosen)))["town"][0]
        for chosen in (None, "cp1251")
    ]
    assert towns == ["\u00e4\u00ee", "\u0434\u043e"]


def test_letters_far_behind_the_beginning_tell_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    lines = "a,b\n" + "x,1\n" * 300_000 + TOWNS[0][1].replace(",", " ").replace("\n", ",1\n")
    path.write_text(lines, encoding="cp1251")
    frame = read_plain(DataConfig(path=str(path)))
    assert frame["a"][-1].startswith("\u0422\u043e\u043c\u0441\u043a")


def test_every_encoding_that_can_be_chosen_exists() -> None:
    assert all(b"a".decode(name, "ignore") is not None for name in TITLES)
