"""Turkish cues: what tells the status and the role of an event. `extractors.cues` says what each group means.

Turkish marks tense and modality at the end of the verb, so a cue is often a verb form with any further ending.
"""

from collections.abc import Mapping

CUES: Mapping[str, tuple[str, ...]] = {
    "held": (
        "gerçekleşti*", "gerçekleştirildi*", "gerçekleştirdi*", "yapıldı*", "yapıldığı*", "yapıldığını", "yaptı*",
        "sona erdi*", "tamamlandı*", "tamamladı*", "düzenlendi*", "düzenlenen", "yapılan", "gerçekleştirilen",
        "bir araya geldi*", "buluştu*", "sürdü", "bitti*", "bulundu", "sonuçlandı*", "görüştü*", "toplandı", "aştı",
        "gerçekleşen", "yer alan", "{noktalandı*|kapandı*|bitirdi*|sonlandı*}", "{ayrıldı*|dağıldı*}", "toplandı*",
        "tamamlanan", "biten", "{sürmüştü|sürdü}",
    ),
    "ends": (
        "{sona erdi*|bitti*|sonuçlandı*|noktalandı*}",
    ),
    "begun": (
        "başladı*", "başlıyor*", "sürüyor*", "devam ediyor*", "devam etti", "girdi*", "başlatıldı", "masaya oturdu*",
        "yapılıyor*", "sürmekte", "açılış konuşması*", "giriş yaptı*", "masaya {oturuldu*|oturuyor*}", "başladığı*",
        "{bulunuyor*|toplanıyor*}", "{kuruldu*|kuruluyor*}",
    ),
    "goes-on": (
        "devam edece*", "{sürmesi|devam etmesi} {planlanıyor*|bekleniyor*|öngörülüyor*}",
        "{sürmesinin|devam etmesinin} {planlandığı*|beklendiği*}",
    ),
    "agreed": (
        "{tek|somut|en önemli|başlıca} {sonuç|sonucu}",
    ),
    "agreed-after": (
        "anlaştı*", "mutabık kaldı*", "anlaşmaya vardı*", "uzlaştı*", "mutabakat*", "kararlaştırdı*",
        "kararlaştırıldı*", "anlaşma sağlandı*", "kabul etti*", "uzlaşı*", "üzerinde anlaşılan",
        "{el sıkıştı*|el sıkışıldı*}", "{karara bağlandı*|karar verdi*|karar verildi*}", "{sağlandı*|sağladı*}",
        "{uzlaşıldı*|uzlaşmaya vardı*}", "{anlaşmaya varıldı*|anlaşıldığı*}", "{çıktı}",
    ),
    "future": (
        "yapılaca*", "gerçekleşece*", "gerçekleştirilece*", "gerçekleştirece*", "oturaca*", "başlayaca*",
        "bir araya gelece*", "görüşece*", "planlanıyor*", "planlandı*", "bekleniyor*", "düzenlenece*", "olaca*",
        "yarın*", "kurulaca*", "yapaca*", "edece*", "planlanan", "buluşaca*", "hazırlanıyor*", "önümüzdeki*",
        "önümüzde", "katılaca*", "ulaştı", "beklenen", "{edilece*|gelece*|verilece*|bırakaca*|bırakılaca*|dönece*}",
        "{toplanaca*|oturulaca*|gidece*|çıkaca*|tutulaca*}",
        "{öngörülüyor*|öngörülen|hedefleniyor*|planlandığı*|beklendiği*}", "{ev sahipliği yapaca*}",
    ),
    "possible": (
        "olası", "hazır", "hazırız", "mümkün", "yapılabilir*", "olabilir*", "belki", "ihtimal*", "gerçekleşebilir*",
        "eğer", "edebilir*", "başlayabilir*", "muhtemel*", "gerek*", "umuyor*", "için gerekli",
        "{yapılabilece*|olabilece*|gerçekleşebilece*|edilebilece*|başlayabilece*|düzenlenebilece*|toplanabilece*}",
    ),
    "would": (),
    "if": (
        "eğer", "halinde", "durumunda", "takdirde", "şartıyla", "koşuluyla",
    ),
    "wanted": (),
    "wanted-after": (
        "önerdi*", "teklif etti*", "çağrıda bulundu*", "çağrısı*", "istedi*", "istiyor*", "talep etti*", "öneri*",
        "teklif*", "talep*", "görüşüldü*", "ele alındı*", "ele aldı*",
    ),
    "negated": (
        "değil*", "yok*", "olmadı*", "olmadan", "hiç", "ne de", "olmayaca*", "reddetti*", "yapılmadı*", "edilmedi*",
        "etmedi*", "yapmadı*", "varılamadı*", "gelmedi*", "çıkmadı*", "sağlanamadı*", "çıkmayan",
    ),
    "postponed": (
        "ertelendi*", "erteledi*", "erteleme*", "gecikti*", "{ertelen*|ertelendiği*|erteleniyor*}",
        "{kaydırıldı*|ötelendi*|kaydı}", "{bir hafta|bir gün} sonraya",
    ),
    "cancelled": (
        "iptal edildi*", "iptal etti*", "iptal", "askıya alındı*", "çöktü*", "yapılmayaca*",
        "{iptal edildiği*|iptal edilmişti*}", "gerçekleşmeyece*", "{vazgeçildi*|rafa kaldırıldı*}",
    ),
    "denied": ("yalanladı*", "yalanlandı*", "gerçekleşmedi*", "yapılmadı*", "doğru değil*", "reddetti*"),
    "after": ("ardından gelen",),
    "during": (),
    "before": (),
    "after-post": ("sonra*", "sonrası*", "ardından", "sonucu*", "sonunda", "sonuçları*", "takiben", "sonrasında"),
    "during-post": (
        "öncesindeki açılış konuşma*", "sırasında", "esnasında", "kapsamında", "çerçevesinde", "yer alan",
        "{varılan|anlaşılan|kararlaştırılan} {esir*|takas*|anlaşma*|mutabakat*}", "mutabık kalınan",
        "{turda|turunda|görüşmelerde|görüşmelerinde|müzakerelerde|müzakerelerinde|toplantıda|toplantısında|oturumda|oturumunda}",
    ),
    "before-post": ("öncesi*", "öncesinde*", "önce", "için", "hazırlı*"),
    "about": ("hakkında",),
    "about-post": ("ilişkin", "dair", "hakkında*", "konusu*", "ile ilgili", "üzerine"),
    "question": ("kaç", "neden", "niçin", "kim"),
    "with": (),
    "recap": (
        "hatırlanacağı gibi", "hatırlanacağı üzere", "daha önce*", "geçen yıl", "geçen ay", "geçen hafta*",
        "geçtiğimiz*", "önceki*", "anımsanacağı", "o dönem", "bir önceki", "geçmişte", "en son", "son olarak",
        "o tarihten", "{gün|hafta|ay|yıl} önce", "bundan önce*", "daha evvel", "not:",
        "{duyurmuştu*|açıklamıştı*|söylemişti*|bildirmişti*|belirtmişti*|demişti*}",
    ),
    "previous": ("önceki*", "ilk", "geçen*", "son", "eski", "birinci*", "geçtiğimiz*"),
    "another": (
        "yeni", "bir daha", "yine", "yeniden", "sonraki", "bir sonraki", "daha", "ek", "bir kez daha", "gelecek",
    ),
    "another-post": ("daha",),
    "superlative": ("en büyük*", "bu yana*", "ilk kez", "en kapsamlı*", "beri", "-den beri"),
    "pluperfect": (
        "yapılmıştı*", "gerçekleşmişti*", "edilmişti*", "anlaşmıştı*", "varılmıştı*", "etmişti*",
        "gerçekleştirilmişti*", "yapmıştı*", "olmuştu*", "gelmişti*",
        "{bırakmıştı*|bırakılmıştı*|buluşmuştu*|dönmüştü*|sağlanmıştı*|başlamıştı*|toplanmıştı*|açıklamıştı*}",
        "{ertelenmişti*|iptal edilmişti*|planlanmıştı*}",
    ),
    "part": (
        "aşama*", "ilk aşama*", "etap*", "bölüm*", "ilk grup*", "kapsamında", "ilk gün*", "parti*",
        "{ilk|ikinci|üçüncü|son} {ayağı*|kafile*|grup*}", "kafile*",
    ),
    "final": ("son aşama*", "son etap*", "nihai*", "son bölüm*"),
    "deal": (
        "anlaşma*", "{varılan|sağlanan} {anlaşma*|mutabakat*|uzlaşı*}", "mutabakat*", "uzlaşı*", "kapsamında",
        "anlaşılan", "{kararlaştırılan|varılan|sağlanan|uzlaşılan}",
    ),
    "undated": (
        "tarih* ~ belli değil*", "tarih* ~ belirlenmedi*", "henüz ~ belirlenmedi*", "henüz belirlenmedi*",
        "tarih* belli değil*", "henüz belli değil*", "netleşmedi*", "kararlaştırılmadı*",
        "{tarih|tarihi|gün} {yok|belirsiz|verilmedi*|açıklanmadı*}", "henüz tarih yok", "tarih ~ verilmedi*",
        "henüz ~ tarih*", "{tarih|tarihin|tarihi} ~ {bulunmadı*|bulunmuyor*|belirlenmedi*}",
        "{tarih|tarihin|tarihi} {bulunmadı*|bulunmuyor*}",
    ),
    "dated": (
        "{tarih|tarihi} {belli|biliniyor|belirlendi|kararlaştırıldı}", "tarihi biliyoruz", "tarihi şimdiden biliyoruz",
    ),
    "this": (
        "böylece bu", "bu {takas|değişim|görüşme|tur}", "göre bu", "bu,",
    ),
    "each": (
        "her iki taraf*", "karşılığında", "aynı sayıda", "iki taraf da", "her bir taraf*", "karşılıklı",
        "taraf başına",
    ),
    "whole": (
        "savaşın başından", "toplam*", "bugüne kadar", "şimdiye kadar", "bu yana", "başlangıcından",
        "savaşın başından bu yana", "{sayısı ~ çıktı|sayısı}",
    ),
    "gives": (
        "verdi*", "verildi*", "teslim etti*", "teslim edildi*", "serbest bıraktı*", "iade etti*", "teslim edece*",
    ),
    "gets": ("aldı*", "alındı*", "geri aldı*", "geri alındı*", "teslim aldı*", "geri getirdi*", "kavuştu*"),
    "from": (),
    "toward": (),
    "since": (),
    "since-post": ("bu yana*", "beri*"),
    "talk": ("telefon*", "ele aldı*", "telefonda"),
    "we": (
        "biz", "bizim", "bize", "bizi", "ben", "benim", "bana", "hepimiz*", "halkımız*", "ülkemiz*",
    ),
    "was-to-be": (
        "{yapılacaktı|gerçekleşecekti|edilecekti|olacaktı|başlayacaktı}",
        "{yapılması|gerçekleşmesi|başlaması} {öngörülen|planlanan|beklenen}",
        "{toplanılacaktı|buluşulacaktı|oturulacaktı|planlanmıştı*|öngörülmüştü*|olacaktı}", "aslında",
    ),
    "portion": ("gün*", "aşama*", "etap*", "bölüm*"),
    "said": (
        "söyledi*", "açıkladı*", "belirtti*", "duyurdu*", "bildirdi*", "yazdı*", "kaydetti*", "ifade etti*",
        "aktardı*", "göre", "dedi*", "doğruladı*", "aktardığına göre",
    ),
    "refuser": ("reddetti*", "geri çevirdi*", "kabul etmedi*", "karşı çıktı*"),
    "clause": ("ama", "ancak", "fakat", "ki", "ise", "çünkü"),
    "relative": (
        "ki",
    ),
    "caption": ("foto*", "foto:", "kaynak:", "video", "görsel"),
    "press": (
        "basın özeti", "basın turu", "basında bugün", "dünya basını*",
    ),
    "anniversary": (
        "tarihte bugün",
        "yıldönümü*", "yıl dönümü*", "{bir|iki|üç} yıl sonra", "{birinci|ikinci|üçüncü} yılında",
    ),
    "interview": (
        "söyleşi*", "röportaj*", "anlatıyor",
    ),
    "sport": (
        "{orta saha*|kanat oyuncu*|forvet*|stoper*|kaleci*|golcü*}",
        "{bonservis*|transfer*|futbolcu*|oyuncu*|oyuncuya|teknik direktör*|menajer*|kulüp*|kulüb*}",
        "{uefa|fifa|süper lig*|şampiyonlar ligi*|idman*|antrenman*|maçı|maçın|maçta}",
        "{bordo-mavili*|sarı-lacivert*|sarı-kırmızı*}",
    ),
    "digest": (
        "{günün|haftanın} {özeti|öne çıkanları|haberleri}", "haber bülteni",
    ),
    "seealso": (
        "haber:", "ilgili haber*", "ayrıca okuyun*", "bunu da oku*", "kaynak", "reklam", "abone ol*", "devamını oku*",
        "ayrıca bakınız",
    ),
    "idle": (),
    "sides": ("taraflar*", "iki {taraf*|ülke*}", "her iki {taraf*|ülke*}",),
}  # fmt: skip
