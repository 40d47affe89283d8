"""What the speakers of the built-in corpus say: forty everyday sentences in each of five languages.

The keys are ISO 639-3 codes. A sentence is spoken in two to five seconds. The order matters: the splits take
disjoint slices of each list, so no sentence of the test split was heard in training.
"""

ENGLISH = """
The old harbour was quiet when the first boat came in.
Please put the blue cup back on the upper shelf.
She found her keys under a pile of newspapers.
We should leave before the rain starts again.
A small dog followed us all the way to the station.
My brother repairs clocks in a shop near the bridge.
The soup needs a little more salt and some pepper.
Nobody knew why the lights went out last night.
Can you tell me how to get to the museum?
They planted seven apple trees behind the house.
His train was late, so he missed the meeting.
The children built a castle out of wet sand.
I would rather walk than wait for another bus.
Fresh bread smells wonderful early in the morning.
The teacher drew a long river on the blackboard.
Our neighbours are moving to the coast in June.
It takes an hour to climb to the top of the tower.
Turn off the radio and listen to the birds outside.
He bought three tickets for the evening concert.
The window was open, and the papers blew away.
Winter came early and covered the fields with snow.
She speaks four languages and is learning a fifth.
That yellow coat belongs to the woman in the corner.
We watched the stars until the fire burned down.
The doctor asked him to rest for a few days.
Bring your own pencil and a sheet of paper.
The market sells cheese, olives and fresh fish.
Every summer they rent the same house by the lake.
The cat jumped from the roof into the garden.
I forgot to answer the letter from your uncle.
Two hundred people stood in line for the show.
The engine made a strange noise and then stopped.
Could we meet on Thursday instead of Friday?
Her grandmother taught her how to bake this cake.
The path through the forest is narrow but safe.
A cold wind blew across the empty square.
He painted the kitchen green over the weekend.
The judge read the decision in a calm voice.
We have enough chairs, but we need another table.
Thank you for waiting, the manager will see you now.
"""

GERMAN = """
Der alte Hafen war still, als das erste Boot ankam.
Bitte stell die blaue Tasse zurück in den Schrank.
Sie fand ihren Schlüssel unter einem Stapel Zeitungen.
Wir sollten gehen, bevor es wieder regnet.
Ein kleiner Hund lief uns bis zum Bahnhof nach.
Mein Bruder repariert Uhren in einem Laden an der Brücke.
In der Suppe fehlt noch etwas Salz und Pfeffer.
Niemand wusste, warum gestern das Licht ausging.
Können Sie mir den Weg zum Museum zeigen?
Hinter dem Haus pflanzten sie sieben Apfelbäume.
Sein Zug hatte Verspätung, deshalb kam er zu spät.
Die Kinder bauten eine Burg aus nassem Sand.
Ich gehe lieber zu Fuß, als auf den Bus zu warten.
Frisches Brot duftet früh am Morgen wunderbar.
Die Lehrerin zeichnete einen langen Fluss an die Tafel.
Unsere Nachbarn ziehen im Juni an die Küste.
Der Aufstieg auf den Turm dauert eine Stunde.
Mach das Radio aus und hör den Vögeln zu.
Er kaufte drei Karten für das Konzert am Abend.
Das Fenster stand offen, und die Blätter flogen davon.
Der Winter kam früh und deckte die Felder mit Schnee zu.
Sie spricht vier Sprachen und lernt gerade eine fünfte.
Der gelbe Mantel gehört der Frau dort in der Ecke.
Wir sahen in die Sterne, bis das Feuer erlosch.
Der Arzt riet ihm, einige Tage auszuruhen.
Bringt einen Bleistift und ein Blatt Papier mit.
Auf dem Markt gibt es Käse, Oliven und frischen Fisch.
Jeden Sommer mieten sie das gleiche Haus am See.
Die Katze sprang vom Dach in den Garten.
Ich vergaß, den Brief deines Onkels zu beantworten.
Zweihundert Leute standen vor dem Theater an.
Der Motor machte ein seltsames Geräusch und stand still.
Könnten wir uns statt am Freitag am Donnerstag treffen?
Ihre Großmutter zeigte ihr, wie man diesen Kuchen backt.
Der Weg durch den Wald ist schmal, aber sicher.
Ein kalter Wind wehte über den leeren Platz.
Am Wochenende strich er die Küche grün an.
Der Richter las das Urteil mit ruhiger Stimme vor.
Stühle haben wir genug, aber uns fehlt noch ein Tisch.
Danke für Ihre Geduld, Sie können jetzt eintreten.
"""

FRENCH = """
Le vieux port était calme quand le premier bateau arriva.
Remets la tasse bleue sur l'étagère du haut, s'il te plaît.
Elle a trouvé ses clés sous une pile de journaux.
Nous devrions partir avant le retour de la pluie.
Un petit chien nous a suivis jusqu'à la gare.
Mon frère répare des montres près du pont.
Il manque un peu de sel et de poivre dans la soupe.
Personne ne sait pourquoi la lumière s'est éteinte.
Pouvez-vous me dire où se trouve le musée?
Ils ont planté sept pommiers derrière la maison.
Son train était en retard, il a manqué la réunion.
Les enfants ont bâti un château de sable mouillé.
Je préfère marcher plutôt que d'attendre le bus.
Le pain frais sent bon de bonne heure le matin.
La maîtresse a dessiné un long fleuve au tableau.
Nos voisins partent vivre sur la côte en juin.
Il faut une heure pour monter en haut de la tour.
Éteins la radio et écoute les oiseaux dehors.
Il a acheté trois billets pour le concert du soir.
La fenêtre était ouverte et les feuilles se sont envolées.
L'hiver est venu tôt et la neige a couvert les champs.
Elle parle quatre langues et en apprend une cinquième.
Ce manteau jaune appartient à la dame dans le coin.
Nous avons regardé les étoiles au coin du feu.
Le médecin lui a conseillé quelques jours de repos.
Apportez un crayon et une feuille de papier.
Au marché, on vend du fromage, des olives et du poisson.
Chaque été, ils louent la même maison au bord du lac.
Le chat a sauté du toit dans le jardin.
J'ai oublié de répondre à la lettre de ton oncle.
Deux cents personnes attendaient devant le théâtre.
Le moteur a fait un bruit étrange avant de s'arrêter.
Pourrions-nous nous voir jeudi au lieu de vendredi?
Sa grand-mère lui a appris à faire ce gâteau.
Le sentier dans la forêt est étroit mais sûr.
Un vent froid soufflait sur la place déserte.
Il a peint la cuisine en vert pendant le week-end.
Le juge a lu sa décision d'une voix calme.
Nous avons assez de chaises, mais il manque une table.
Merci de votre patience, vous pouvez entrer maintenant.
"""

SPANISH = """
El viejo puerto estaba tranquilo cuando llegó el barco.
Por favor, pon la taza azul en el estante de arriba.
Encontró sus llaves debajo de un montón de periódicos.
Deberíamos salir antes de que vuelva a llover.
Un perro pequeño nos siguió hasta la estación.
Mi hermano arregla relojes en una tienda junto al puente.
A la sopa le falta un poco de sal y pimienta.
Nadie supo por qué se apagaron las luces anoche.
¿Me puede decir cómo se llega al museo?
Plantaron siete manzanos detrás de la casa.
Su tren llegó tarde y perdió la reunión.
Los niños hicieron un castillo de arena mojada.
Prefiero caminar a esperar otro autobús.
El pan recién hecho huele muy bien por la mañana.
La maestra dibujó un río largo en la pizarra.
Nuestros vecinos se mudan a la costa en junio.
Se tarda una hora en subir a lo alto de la torre.
Apaga la radio y escucha los pájaros de fuera.
Compró tres entradas para el concierto de esta noche.
La ventana estaba abierta y volaron los papeles.
El invierno llegó pronto y la nieve cubrió los campos.
Ella habla cuatro idiomas y está aprendiendo otro.
Ese abrigo amarillo es de la mujer del rincón.
Miramos las estrellas hasta que se apagó el fuego.
El médico le aconsejó descansar unos días.
Traed un lápiz y una hoja de papel.
En el mercado venden queso, aceitunas y pescado fresco.
Cada verano alquilan la misma casa junto al lago.
El gato saltó del tejado al jardín.
Me olvidé de contestar la carta de tu tío.
Doscientas personas hacían cola delante del teatro.
El motor hizo un ruido extraño y luego se paró.
¿Podemos vernos el jueves en lugar del viernes?
Su abuela le enseñó a preparar este pastel.
El camino del bosque es estrecho pero seguro.
Un viento frío cruzaba la plaza vacía.
El fin de semana pintó la cocina de verde.
El juez leyó la sentencia con voz tranquila.
Tenemos bastantes sillas, pero nos falta una mesa.
Gracias por esperar, ya puede usted pasar.
"""

MANDARIN = """
今天天气很好，我们去公园走走。
请把蓝色的杯子放回桌子上。
她在报纸下面找到了钥匙。
下雨以前我们应该回家。
一只小狗跟着我们到车站。
我哥哥在桥边的商店工作。
这碗汤还要再加一点盐。
没有人知道昨天为什么停电。
请问去火车站怎么走？
他们在房子后面种了七棵树。
火车晚到了，他没有赶上会议。
孩子们在海边玩沙子。
我喜欢走路，不想等公共汽车。
早上刚做好的面包很香。
老师在黑板上画了一条大河。
我们的邻居六月要去南方。
走到山顶需要一个小时。
关上收音机，听听外面的鸟叫。
他买了三张今天晚上的电影票。
窗户开着，风把纸都吹走了。
冬天来得早，地上都是白雪。
她会说四种语言，还在学新的。
那件黄色的大衣是谁的？
我们一起看星星，看到很晚。
医生让他在家里休息几天。
请带一支铅笔和一张白纸。
市场上有水果、蔬菜和新鲜的鱼。
每年夏天他们都住在湖边。
小猫从屋顶跳到了花园里。
我忘了给你的叔叔回信。
两百个人在门口排队买票。
汽车响了几声，然后停下来了。
我们星期四见面可以吗？
奶奶教她做中国菜。
森林里的小路很窄，但是很安全。
冷风吹过安静的广场。
周末他把厨房的墙刷成绿色。
他用平静的声音读完了这封信。
椅子够了，可是还少一张桌子。
谢谢你的等待，现在可以进来了。
"""

SENTENCES: dict[str, tuple[str, ...]] = {
    language: tuple(text.strip().splitlines())
    for language, text in {
        "eng": ENGLISH,
        "deu": GERMAN,
        "fra": FRENCH,
        "spa": SPANISH,
        "cmn": MANDARIN,
    }.items()
}

# First and last sentence (exclusive) of each split in every list.
SENTENCES_OF_SPLIT = {"train": (0, 28), "valid": (28, 34), "test": (34, 40)}


def sentences_of(language: str, split: str) -> tuple[str, ...]:
    """The sentences one split takes from one language.

    Args:
        language: ISO 639-3 code, a key of `SENTENCES`.
        split: train, valid or test.
    """
    start, stop = SENTENCES_OF_SPLIT[split]
    return SENTENCES[language][start:stop]
