"""Words that lists in prose are told by: units, markers of missing values, small words."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


UNITS = word_set(
    """
    % ° c f k degc degf °c °f mm cm m um µm μm nm in inch inches thou mil ft kg g mg ug µg
    μg ng t lb lbs oz n kn mn nm n·m n.m nmm knm pa kpa mpa gpa bar mbar psi ksi hpa s sec
    secs second seconds ms us µs min mins minute minutes h hr hrs hour hours day days week
    weeks wk wks year years month months v mv kv a ma w kw mw hz khz mhz ghz rpm l ml ul µl
    μl dl gal ppm ppb pct percent hrc hv hb j kj kwh mol mmol mol/l g/l mg/l ug/l µg/l mg/ml
    ug/ml mg/kg ug/kg g/ml n/mm n/mm2 n/cm2 mpas mpa·s mpa.s cp kgf kgf/cm2 ms/cm m/s mm/s
    m/min mm/min l/min ml/min kg/h m3/h cfu gsm db dba ohm ohms kohm pf nf pc pcs pieces
    units cycles h2o ph m2 cm2 mm2 m3 cm3 cc kt lux lm rh pts points eur usd mmhg
    """
)

MISSING = frozenset({"n/a", "na", "nan", "nil", "missing", "blank", "n.a.", "n.d.", "<lod", "??"})

PRONOUNS = word_set("me us him her them mine ours theirs")
STOPWORDS = word_set(
    """
    a an the is are was were be been do does did of on in at for to from by with and or vs
    versus v against than this that these those it its my our your we i you he she they them
    me us here there data values value readings reading results result measurements
    measurement measured numbers following gave give gives got get have has had compare
    compared test tests run please pls plz hi hello hey dear can could would should will if
    so as then now not no yes check between betwen mean means average averages what whats
    which how when where same different differ difference list set sets samples sample
    obtained recorded found find show shows calculate compute want need using use used about
    only just all both each every per like also let one ci interval chart ttest t-test anova
    und von bei der die das des individuals determinations respectively spearman pearson
    kendall whitney wilcoxon kruskal wallis friedman normality grubbs shapiro mann on these
    """
)
