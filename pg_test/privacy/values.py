"""Seeded generators of values for the labelled set. Names of persons, streets and cities are drawn from lists of their own, which
overlap the detector's dictionary as real data would: about half of them are in it."""
import random

GIVEN = {
    "en": "James Olivia Noah Emma Liam Charlotte Elijah Amelia Mateo Sophia Harper Evelyn Asher Luna Ezra Willow Hudson Nora Kai Ivy Beau Delilah Silas Hazel Wesley Tobias Maeve Rowan Priya Darnell Keisha Tyrone Latoya Brody".split(),
    "de": "Hans Greta Jürgen Ursula Finn Mia Leon Emilia Kurt Hannelore Friedrich Lieselotte Malte Svenja Thorben Wiebke Jannis Friederike Ole Merle Gisela Detlef Käthe Bruno Anneliese".split(),
    "fr": "Jean Camille Louis Chloé Adèle Baptiste Thibault Océane Yves Solène Gaël Maëlle Étienne Clémence Bastien Aurore Rémi Noémie Fabrice Corinne".split(),
    "es": "José Lucía Hugo Martina Nerea Iker Aitana Unai Ainhoa Gonzalo Leire Santiago Valeria Joaquín Noelia Fermín Remedios Julián Begoña".split(),
    "it": "Giulia Matteo Ginevra Tommaso Beatrice Riccardo Vittoria Edoardo Ludovica Gianluca Fabrizio Ornella Giacomo Noemi Antonella".split(),
    "pt": "João Maria Miguel Heitor Laura Davi Valentina Caio Yasmin Otávio Lorena Murilo Sophia Vitória Raimundo".split(),
    "nl": "Daan Sanne Luuk Fenna Thijs Roos Gijs Mees Fleur Joep Hanneke Wim Tineke Sjoerd Marijke".split(),
    "pl": "Jakub Zuzanna Szymon Maja Wojciech Hanna Igor Kinga Przemysław Bożena Sławomir Iwona Leszek Renata Bartosz".split(),
    "sv": "Lars Astrid Nils Ebba Axel Saga Birger Gunilla Torsten Maj Hjalmar Siv Elof Agneta Sture".split(),
    "tr": "Mehmet Ayşe Mustafa Fatma Yiğit Defne Kerem Ecem Berkay Sude Tuğba Levent Nuray Onur İrem".split(),
    "ru": "Иван Мария Дмитрий Елена Сергей Ольга Тимур Ярослав Варвара Глеб Алиса Матвей Зинаида".split(),
    "zh": "伟 芳 娜 秀英 敏 静 丽 强 磊 洋 艳 勇 军 杰 娟".split(),
    "ja": "健 翔太 美咲 陽菜 大輔 直樹 由美 恵子 葵 蓮".split(),
}
FAMILY = {
    "en": "Smith Johnson Alvarado Whitfield Boyd Okoye Pemberton Lindgren McAllister Huang Navarro Kowalski Tran Ashworth Delgado Brooks Hensley Fitzgerald Osborne Patel Callahan Rhodes Mercer Vance Stokes".split(),
    "de": "Müller Schmidt Ziegler Brandt Kuhn Pohl Engel Horn Busch Bergmann Thomas Voigt Sauer Arnold Wolff Pfeiffer Böhm Hauser Lindner Reuter".split(),
    "fr": "Martin Dubois Leclerc Marchal Renard Charpentier Barbier Rey Colin Aubert Bouvier Perrot Vasseur Le Gall Poulain".replace("Le Gall", "Legall").split(),
    "es": "García Fernández Ibáñez Carrasco Pascual Herrera Crespo Vidal Lorenzo Reyes Montero Caballero Soto Vega Peña".split(),
    "it": "Rossi Ferrari Villa Serra Ferri Marchetti Palumbo Sanna Farina Sala Bellini Basile Grasso Monti Testa".split(),
    "pt": "Silva Santos Araújo Barros Cavalcanti Pinto Correia Batista Campos Moura Freitas Duarte Borges Siqueira Queiroz".split(),
    "nl": "Jansen Bakker Kuipers Hoekstra Postma Schouten Verhoeven Willems Koster Prins Blom Huisman Veenstra Peeters Maas".split(),
    "pl": "Nowak Kowalski Król Wieczorek Jabłoński Majewski Olszewski Stępień Malinowski Pawlak Sikora Baran Duda Szewczyk Pietrzak".split(),
    "sv": "Andersson Lindberg Bergström Holm Sandberg Forsberg Nyström Sjöberg Wallin Engström Ekman Lundin Hedlund Nordin Öberg".split(),
    "tr": "Yılmaz Demir Çelik Bozkurt Güneş Keskin Taş Bulut Korkmaz Erdoğan Avcı Türk Güler Aktaş Turan".split(),
    "ru": "Иванов Смирнова Кузнецов Попова Зайцев Орлова Макаров Белова Гусев Королёва Тихонов Фролова Беляев".split(),
    "zh": "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 马 朱".split(),
    "ja": "佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 小林 加藤".split(),
}
CITY = {
    "en": "Springfield Riverside Franklin Clinton Georgetown Salem Madison Bristol Fairview Dayton Lexington Milton Ashland Burlington Manchester Oxford Arlington Jackson Cleveland Dover".split(),
    "de": "Berlin Hamburg München Köln Leipzig Dresden Bremen Essen Bochum Wuppertal Münster Aachen Kiel Erfurt Mainz Kassel Ulm Passau Celle Görlitz".split(),
    "fr": "Paris Lyon Marseille Toulouse Nantes Lille Rennes Dijon Angers Metz Brest Tours Limoges Caen Nancy".split(),
    "es": "Madrid Sevilla Zaragoza Málaga Murcia Bilbao Vigo Gijón Vitoria Granada Oviedo Cádiz León Burgos Lugo".split(),
    "it": "Roma Milano Napoli Torino Palermo Bologna Firenze Bari Verona Padova Trieste Parma Modena Ravenna Rimini".split(),
    "pt": "Lisboa Porto Braga Coimbra Faro Recife Salvador Curitiba Manaus Natal Santos Campinas Niterói Goiânia Belém".split(),
    "nl": "Amsterdam Rotterdam Utrecht Eindhoven Groningen Tilburg Breda Nijmegen Haarlem Arnhem Zwolle Leiden Delft Gouda".split(),
    "pl": "Warszawa Kraków Łódź Wrocław Poznań Gdańsk Szczecin Lublin Katowice Radom Kielce Toruń Opole".split(),
    "sv": "Stockholm Göteborg Malmö Uppsala Västerås Örebro Linköping Lund Umeå Gävle Borås Kalmar".split(),
    "tr": "İstanbul Ankara İzmir Bursa Antalya Adana Konya Kayseri Mersin Samsun Denizli Trabzon".split(),
    "ru": "Москва Казань Самара Омск Уфа Пермь Тула Томск Рязань Тверь Псков Калуга".split(),
    "zh": "北京 上海 广州 深圳 成都 杭州 武汉 西安 南京 重庆".split(), "ja": "東京 大阪 名古屋 札幌 福岡 神戸 京都 仙台 広島".split(),
}
STREET = {
    "en": ["{n} Maple Street", "{n} Oak Ave", "{n} W 4th St Apt 3", "{n} Highland Drive", "{n} County Road {n}", "P.O. Box {n}", "{n} Elm Ct", "{n} Sunset Blvd"],
    "de": ["Bahnhofstraße {n}", "Am Sonnenhang {n}", "Lindenweg {n}", "Goethestr. {n}", "Marktplatz {n}", "Kirchgasse {n}a", "Schillerstraße {n}"],
    "fr": ["{n} rue de la République", "{n} bis avenue Foch", "{n} impasse des Lilas", "{n} boulevard Voltaire", "Chemin du Moulin {n}"],
    "es": ["Calle Mayor {n}", "Avda. de la Constitución {n}", "C/ Luna {n}, 2º B", "Plaza España {n}", "Paseo de Gracia {n}"],
    "it": ["Via Roma {n}", "Viale Europa {n}", "Piazza Garibaldi {n}", "Corso Italia {n}", "Via Dante Alighieri {n}"],
    "pt": ["Rua das Flores, {n}", "Av. Brasil, {n}", "Travessa do Carmo, {n}", "Rua Sete de Setembro, {n}"],
    "nl": ["Kerkstraat {n}", "Dorpsweg {n}", "Prinsengracht {n}", "Stationsplein {n}", "Beukenlaan {n}"],
    "pl": ["ul. Długa {n}", "ul. Polna {n}/4", "al. Niepodległości {n}", "ul. Leśna {n}"], "sv": ["Storgatan {n}", "Kungsgatan {n}", "Björkvägen {n}", "Skolgatan {n}"],
    "tr": ["Atatürk Cad. No:{n}", "Gül Sokak {n}", "Cumhuriyet Mah. {n}. Sok."], "ru": ["ул. Ленина, д. {n}", "пр. Мира, {n}", "улица Пушкина {n}"],
    "zh": ["朝阳区建国路{n}号", "中山路{n}号3室", "人民路{n}号"], "ja": ["東京都港区芝公園{n}丁目2-8", "大阪市北区梅田{n}丁目1番", "中央区銀座{n}-3号"],
}
WORDS = "alpha river stone market garden silver engine valve panel filter cable bracket sensor module frame kit cover hinge motor pump belt switch board lamp handle wheel spring plate".split()
PROSE = {
    "en": ["Called back twice and left a voicemail about the renewal", "Prefers contact in the evening because of shift work", "The delivery was late and the box was damaged on arrival", "She said her husband will come by to sign the papers", "Asked for a refund since the item did not fit as expected"],
    "de": ["Kunde hat telefonisch um Rückruf am Nachmittag gebeten", "Die Lieferung kam zu spät und war leider beschädigt", "Frau Weber bittet um Verlängerung der Frist bis Ende Mai", "Hat sich über die lange Wartezeit sehr beschwert"],
    "fr": ["Le client demande un rappel dans la soirée après son travail", "Colis arrivé abîmé, remboursement demandé par téléphone", "Elle souhaite changer de conseiller avant la fin du mois"],
    "es": ["El cliente pide que le llamen por la tarde a su casa", "Se queja de la demora en la entrega del paquete", "Ha solicitado cambiar la cita para la semana que viene"],
    "pt": ["Cliente pediu para ligar depois das seis da tarde", "Reclamou do atraso e pediu reembolso do valor pago"], "it": ["Il cliente chiede di essere richiamato nel pomeriggio dopo le tre", "Ha segnalato un ritardo nella consegna del pacco a casa"],
}


class Gen:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def d(self, n):
        return "".join(self.r.choice("0123456789") for _ in range(n))

    def ascii(self, s):
        t = str.maketrans("äöüßéèáíóúñçłśźżćęąışğåøê", "aouseeaiouncls" + "zzceaisgaoe")
        return "".join(c for c in s.lower().translate(t) if c.isascii() and c.isalnum())

    def given(self, l="en"): return self.r.choice(GIVEN[l])
    def family(self, l="en"): return self.r.choice(FAMILY[l])
    def full(self, l="en"):
        g, f = self.given(l), self.family(l)
        return f + g if l == "zh" else f + " " + g if l == "ja" else g + " " + f
    def comma(self, l="en"): return self.family(l) + ", " + self.given(l)
    def upper(self, l="en"): return self.full(l).upper()
    def city(self, l="en"): return self.r.choice(CITY[l])
    def street(self, l="en"): return self.r.choice(STREET[l]).format(n=self.r.randint(1, 240))
    def address(self, l="en"): return self.street(l) + ", " + self.city(l)
    def email(self, l="en"):
        g, f = self.ascii(self.given(l)) or "user", self.ascii(self.family(l)) or "x" + self.d(4)
        return self.r.choice([f"{g}.{f}", f"{g[0]}{f}", f"{g}{self.d(2)}"]) + "@" + self.r.choice(["gmail.com", "example.org", "web.de", "mail.ru", "corp.example.com", "orange.fr"])
    def username(self, l="en"): return (self.ascii(self.given(l)) or "user") + self.r.choice(["", "_", "."]) + self.d(2)
    def phone(self, l="en"):
        d = self.d
        n = str(self.r.randint(200, 989))
        return {"en": lambda: self.r.choice([f"({n}) {n}-{d(4)}", f"{n}-{n}-{d(4)}", f"+1 {n} {n} {d(4)}", f"{n}.{n}.{d(4)}"]), "de": lambda: self.r.choice([f"+49 {self.r.choice(['30', '89', '171'])} {d(7)}", f"0{self.r.choice(['30', '221', '176'])}/{d(7)}", f"0{n} {d(6)}"]),
                "fr": lambda: "0" + self.r.choice("1234567") + "".join(" " + d(2) for _ in range(4)), "es": lambda: f"+34 {self.r.choice('679')}{d(2)} {d(3)} {d(3)}", "it": lambda: f"+39 3{d(2)} {d(7)}",
                "pt": lambda: f"({self.r.randint(11, 99)}) 9{d(4)}-{d(4)}", "nl": lambda: f"06-{d(8)}", "pl": lambda: f"+48 {n} {n} {n}", "sv": lambda: f"070-{d(3)} {d(2)} {d(2)}", "tr": lambda: f"0 (5{d(2)}) {d(3)} {d(2)} {d(2)}",
                "ru": lambda: f"+7 (9{d(2)}) {d(3)}-{d(2)}-{d(2)}", "zh": lambda: "1" + self.r.choice("3578") + d(9), "ja": lambda: f"090-{d(4)}-{d(4)}"}[l]()
    def plainphone(self): return self.r.choice("6789") + self.d(9)
    def ymd(self, a, b): return f"{self.r.randint(a, b)}-{self.r.randint(1, 12):02}-{self.r.randint(1, 28):02}"
    def birth(self): return self.ymd(1938, 2006)
    def birthde(self):
        y, m, d = self.birth().split("-")
        return f"{d}.{m}.{y}"
    def recent(self): return self.ymd(2019, 2025)
    def stamp(self): return f"{self.recent()} {self.r.randint(0, 23):02}:{self.r.randint(0, 59):02}:{self.r.randint(0, 59):02}"
    def luhn(self, head):
        s = sum(int(c) if i % 2 else (int(c) * 2 - 9 if int(c) > 4 else int(c) * 2) for i, c in enumerate(reversed(head)))
        return head + str(-s % 10)
    def card(self): return self.luhn(self.r.choice(["4" + self.d(14), "5" + self.r.choice("12345") + self.d(13), "37" + self.d(12)]))
    def cardspaced(self):
        c = self.luhn("4" + self.d(14))
        return " ".join(c[i:i + 4] for i in range(0, 16, 4))
    def ean(self, head="40"):
        b = head + self.d(12 - len(head))
        return b + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(b)) % 10)
    def isbn(self): return self.ean("978")
    def imei(self): return self.luhn("35" + self.d(12))
    def iban(self, c="DE"):
        b = {"DE": self.d(18), "NL": "INGB" + self.d(10), "FR": self.d(23), "ES": self.d(20), "PL": self.d(24)}[c]
        n = int("".join(str(int(x, 36)) for x in b + c + "00"))
        return f"{c}{98 - n % 97:02}{b}"
    def ip(self): return ".".join(str(self.r.randint(1, 254)) for _ in range(4)) if self.r.random() < .9 else "2001:db8::%x" % self.r.randint(1, 65000)
    def mac(self): return ":".join(f"{self.r.randint(0, 255):02x}" for _ in range(6))
    def version4(self): return f"{self.r.randint(1, 12)}.{self.r.randint(0, 9)}.{self.r.randint(0, 20)}.{self.r.randint(0, 300) % 256}"
    def ssn(self): return f"{self.r.randint(1, 665):03}-{self.r.randint(1, 99):02}-{self.r.randint(1, 9999):04}"
    def pesel(self):
        b = f"{self.r.randint(40, 99)}{self.r.randint(1, 12):02}{self.r.randint(1, 28):02}{self.d(4)}"
        return b + str(-sum(int(c) * w for c, w in zip(b, [1, 3, 7, 9] * 3)) % 10)
    def dni(self):
        n = self.r.randint(10**7, 10**8 - 1)
        return f"{n}{'TRWAGMYFPDXBNJZSQVHLCKE'[n % 23]}"
    def cpf(self):
        b = self.d(9)
        for n in (9, 10): b += str(sum(int(c) * w for c, w in zip(b, range(n + 1, 1, -1))) * 10 % 11 % 10)
        return f"{b[:3]}.{b[3:6]}.{b[6:9]}-{b[9:]}"
    def bsn(self):
        while True:
            b = self.d(9)
            if b[0] != "0" and (sum(int(c) * w for c, w in zip(b, range(9, 1, -1))) - int(b[8])) % 11 == 0: return b
    def nir(self):
        b = f"{self.r.choice('12')}{self.r.randint(40, 99)}{self.r.randint(1, 12):02}{self.r.randint(10, 95)}{self.d(6)}"
        return b + f"{97 - int(b) % 97:02}"
    def cnid(self):
        b = f"110105{self.birth().replace('-', '')}{self.d(3)}"
        return b + "10X98765432"[sum(int(c) * w for c, w in zip(b, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11]
    def tckn(self):
        b = self.r.choice("123456789") + self.d(8)
        o, e = sum(map(int, b[::2])), sum(map(int, b[1:8:2]))
        b += str((o * 7 - e) % 10)
        return b + str(sum(map(int, b)) % 10)
    def personnummer(self):
        b = f"{self.r.randint(40, 99)}{self.r.randint(1, 12):02}{self.r.randint(1, 28):02}"
        t = self.luhn(b + self.d(3))
        return b + "-" + t[6:]
    def codfisc(self):
        odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
        L = lambda n: "".join(self.r.choice("BCDFGLMNPRSTV") for _ in range(n))
        b = L(6) + self.d(2) + self.r.choice("ABCDEHLMPRST") + f"{self.r.randint(1, 28):02}" + L(1) + self.d(3)
        v = lambda c: int(c) if c.isdigit() else ord(c) - 65
        return b + chr(65 + sum(odd[v(c)] if i % 2 == 0 else v(c) for i, c in enumerate(b)) % 26)
    def aadhaar(self): return f"{self.r.randint(2, 9)}{self.d(3)} {self.d(4)} {self.d(4)}"
    def pan(self): return "".join(self.r.choice("ABCDEFGH") for _ in range(3)) + "P" + self.r.choice("KMRS") + self.d(4) + self.r.choice("ABCDEF")
    def passport(self): return self.r.choice("CFGHX") + self.d(8)
    def steuerid(self): return self.r.choice("123456789") + self.d(10)
    def snils(self): return f"{self.d(3)}-{self.d(3)}-{self.d(3)} {self.d(2)}"
    def bcrypt(self): return "$2b$12$" + self.tok(53)
    def tok(self, n=40): return "".join(self.r.choice("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(n))
    def md5(self): return "".join(self.r.choice("0123456789abcdef") for _ in range(32))
    def sha(self): return "".join(self.r.choice("0123456789abcdef") for _ in range(64))
    def awskey(self): return "AKIA" + "".join(self.r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16))
    def jwt(self): return "eyJ" + self.tok(30) + "." + "eyJ" + self.tok(40) + "." + self.tok(43)
    def uuid(self): h = self.sha(); return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:32]}"
    def icd(self): return self.r.choice("EIJMSFGKZ") + self.d(2) + "." + self.d(1)
    def illness(self): return self.r.choice(["Type 2 diabetes", "Essential hypertension", "Acute bronchitis", "Asthma", "Major depression", "Hip fracture", "Migraine"])
    def blood(self): return self.r.choice(["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"])
    def drug(self): return self.r.choice(["Metformin 500 mg", "Lisinopril", "Salbutamol", "Sertraline 50 mg", "Ibuprofen"])
    def lat(self): return f"{self.r.uniform(35, 60):.6f}"
    def lon(self): return f"{self.r.uniform(-10, 30):.6f}"
    def zip(self): return f"{self.r.randint(10000, 99999)}"
    def zipuk(self): return f"{self.r.choice(['SW', 'EC', 'LS', 'BS'])}{self.r.randint(1, 9)} {self.r.randint(1, 9)}{self.r.choice(['AA', 'BD', 'QT'])}"
    def zipnl(self): return f"{self.r.randint(1000, 9999)} {self.r.choice(['AB', 'KL', 'XS'])}"
    def zipbr(self): return f"{self.d(5)}-{self.d(3)}"
    def zippl(self): return f"{self.d(2)}-{self.d(3)}"
    def mf(self): return self.r.choice("MF")
    def gender(self, l="en"): return self.r.choice({"en": ["Male", "Female"], "de": ["männlich", "weiblich", "divers"], "fr": ["homme", "femme"], "es": ["Hombre", "Mujer"], "zh": ["男", "女"], "tr": ["Erkek", "Kadın"]}[l])
    def age(self): return str(self.r.randint(18, 92))
    def marital(self): return self.r.choice(["single", "married", "divorced", "widowed"])
    def religion(self): return self.r.choice(["rk", "ev", "none", "muslim", "hindu"])
    def nation(self): return self.r.choice(["DE", "FR", "TR", "PL", "US", "IN"])
    def job(self): return self.r.choice(["Nurse", "Electrician", "Accountant", "Teacher", "Welder", "Baker"])
    def money(self): return f"{self.r.uniform(1, 900):.2f}"
    def salary(self): return str(self.r.randint(24, 140) * 1000)
    def int(self, a=1, b=99999): return str(self.r.randint(int(a), int(b)))
    def one(self, *of): return self.r.choice(of)
    def bool(self): return self.r.choice(["t", "f"])
    def sku(self): return f"{self.r.choice(['AB', 'ZX', 'PR'])}-{self.d(4)}-{self.r.choice('ABC')}"
    def order(self): return f"SO-2024-{self.d(6)}"
    def product(self): return f"{self.r.choice(WORDS).title()} {self.r.choice(WORDS)} {self.r.randint(1, 500)}"
    def brand(self): return self.r.choice(["Acme", "Jackson", "Contoso", "Madison", "Northwind", "Franklin", "Zenith"])
    def firm(self): return f"{self.family(self.r.choice(['en', 'de']))} {self.r.choice(['Inc', 'GmbH', 'Ltd', '& Sons', 'LLC', 'AG'])}"
    def prose(self, l="en"): return self.r.choice(PROSE[l]) + self.r.choice([".", "!", ", see ticket " + self.d(4)])
    def html(self): return "<p>Dear {{name}}, your order {{no}} was shipped on {{date}}. Thank you for shopping with us.</p>"
    def subject(self): return self.r.choice(["Your order has shipped", "Reset your password", "Welcome aboard", "Invoice attached"])
    def desc(self): return f"A sturdy {self.r.choice(WORDS)} {self.r.choice(WORDS)} for home and garden with {self.r.randint(1, 9)} year warranty"
    def url(self): return f"https://example.com/{self.r.choice(WORDS)}/{self.d(4)}"
    def path(self): return f"/var/data/{self.r.choice(WORDS)}/{self.d(3)}.dat"
    def host(self): return f"{self.r.choice(WORDS)}-{self.d(2)}.internal.example"
    def slug(self): return f"{self.r.choice(WORDS)}-{self.r.choice(WORDS)}"
    def word(self): return self.r.choice(WORDS)
    def code(self): return self.r.choice("ABCDEFG") + self.d(3)
    def ua(self): return f"Mozilla/5.0 (X11; Linux x86_64) Chrome/{self.r.randint(90, 130)}.0.0.0"
    def country(self): return self.r.choice(["Germany", "France", "Spain", "Italy", "Poland", "Japan"])
    def account(self): return self.d(10)
    def swift(self): return "".join(self.r.choice("ABCDEFG") for _ in range(4)) + "DEFF"
    def cve(self): return f"CVE-2024-{self.d(5)}"
    def log(self): return f"job {self.d(4)} finished in {self.r.randint(1, 900)} ms with status {self.r.choice(['ok', 'retry'])} on node {self.d(2)}"
    def json_person(self): return '{"user": {"email": "%s", "first_name": "%s"}, "plan": "pro"}' % (self.email(), self.given())
    def json_thing(self): return '{"sku": "%s", "size": {"w": %s}, "tags": ["new"]}' % (self.sku(), self.int(1, 90))
    def geo(self): return f"({self.lat()},{self.lon()})"
