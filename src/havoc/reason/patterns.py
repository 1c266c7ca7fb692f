"""Wording rules: what an engineer writes when a method is meant.

Each entry is a regular expression over the lower-case question; a hit is evidence
for the operation, not a verdict. ``wording`` weighs the hits together with the
other words of the question. The names on the left are operations, or one of the
statuses ``concept``, ``declined``, ``out_of_scope`` and ``unclear``.
"""

from __future__ import annotations

import re
from functools import cache

_SAME = r"(?:same|identical|each|every|both)"
_UNITS = r"(?:parts?|pieces?|units?|lads|subjects|patients|trucks|springs?|castings|boys?|shafts|samples?|specimens?|tablets|tyres?|cars?|persons?|people|operators?|wafers?|press|bars?|stents?|vials?)"

PATTERNS: dict[str, tuple[str, ...]] = {
    "describe": (
        r"\b(?:summar\w+|descriptiv\w*|summed up)\b",
        r"\bmean\b.{0,40}\b(?:median|st\.? ?dev|sd|std|range|mode|standard dev)",
        r"\b(?:skew(?:ness)?|kurtosis|quartiles?|iqr|interquartile|coefficient of variation|cv)\b",
        r"^\W*(?:hi\W+|hello\W+)?(?:what(?:'|’)?s? (?:is )?the )?(?:mean|average|median|std\w*|range|st\.? ?dev) (?:of|for)\b",
        r"\bautocorrelation\b",
        r"\bsummary stat",
    ),
    "t_test_one_sample": (
        r"\b(?:one|1)[\s-]*sample\s*t\b|single sample",
        r"\b(?:set ?point|nominal|target|label(?:led)?|claims?|declared|certified|assigned|promises?|supposed|sposed|meant to be|should (?:be|average|weigh)|spec (?:is|says|mean|avg)|drawing)\b",
        r"\b(?:shifted|off (?:target|nominal)|under ?fill|over ?fill|running (?:hot|cold|high|low)|deviat\w+ from)\b",
        r"mean .{0,40}(?:differ|different) from (?:the )?(?:target|nominal|\d)",
    ),
    "t_test_two_sample": (
        r"\b(?:two|2)[\s-]*samp\w*\s*t\b|\bwelch\b|\bpooled\b",
        r"\bt[\s-]?test\b",
        r"\bsame (?:mean|average)s?\b|\bmeans? (?:equal|differ|the same)|(?:equal|different) means\b",
        r"\b(?:thicker|thinner|stronger|weaker|heavier|lighter|higher|lower|faster|slower|better|worse|bigger|smaller|longer|shorter|hotter|cooler|harder|softer|quicker) (?:than|on average)\b",
        r"\b(?:difference|diff\w*|differ) (?:between|betwen|in)\b",
    ),
    "t_test_paired": (
        r"\bpair(?:ed|wise t|s)\b(?!.{0,20}(?:tost|wilcoxon|sign))",
        rf"\b{_SAME}\s+(?:\w+\s+){{0,2}}{_UNITS}\b",
        r"\bbefore\b.{0,80}\bafter\b|\bold way\b.{0,40}\bnew way\b|\bone foot\b.{0,40}\bother\b",
        r"\b(?:matched|halves|halved|cut in two|left .{0,10}right)\b",
    ),
    "anova_one_way": (
        r"\banova\b(?!.{0,20}(?:two|2)[\s-]?(?:way|factor))|\banalysis of variance\b",
        r"\b(?:one|1|single)[\s-]?(?:way|factor)\b",
        r"\ball (?:the same|equal|alike|stick)|averages equal|(?:any|all) .{0,30}(?:differ|different|same)\b",
    ),
    "anova_two_way": (
        r"\b(?:two|2)[\s-]?(?:way|factor)\b(?!\s+interaction)",
        r"\binteraction\b",
        r"\bwhich (?:of |has |factors? )?.{0,40}(?:effect|influence|matters?|making the diff)",
        r"\bfactors? .{0,20}\band factor\b",
    ),
    "multiple_comparison": (
        r"\btukey|\bdunnett|\bbonferroni|\bholm\b|\bgames[\s-]?howell|\bscheff|\bpost[\s-]?hoc|\bfisher'?s? lsd",
        r"\bpair ?wise\b|\bevery pair\b|\bpair\w* (?:em|them)\b|\bwhich (?:pairs?|ones?|of the .{1,15} pairs?|levels|sites?)\b.{0,20}(?:differ|is it|are)?",
        r"\bodd one out\b|stands? (?:apart|out)|\bdiffers? from (?:which|one another|each other)|\bcontrol\b.{0,40}\b(?:candidates?|only|versus|against)",
    ),
    "chi_square_independence": (
        r"\b(?:chi|khi)[\s-]?(?:sq\w*|deux|2|carr\w*)\b|χ",
        r"\bcontingency\b|\bindependen(?:t|ce)\b|\bcram[eé]r",
        r"\b(?:associat\w+|relat(?:ed|ion) (?:of|between|to)|linked to|depend\w* (?:on|upon)|connection)\b",
    ),
    "chi_square_fit": (
        r"\bgoodness\b|\bfit of (?:the )?(?:distribution|proportions)|\badaptation test\b|\bmendel",
        r"\b(?:expected|expect) (?:proportions?|shares?|ratio|freq\w*|counts?)\b|\bratio of?\s*\d+\s*:\s*\d",
        r"(?<!\d)\d++\s*:\s*\d+\s*:\s*\d+",
        r"\b(?:poisson model|is this poisson|follow(?:s)? (?:a )?poisson|die|dice|fair\b|honest|on recipe|evenly|equal(?:ly)? (?:often|likely|spread)|uniform)\b",
        r"\bobs\w*\b.{0,50}\bexp\w*\b",
    ),
    "fisher_exact": (
        r"\bfis?c?hers?'?s?\b(?!.{0,6}(?:lsd|z))|\bexact (?:test|hypergeometric|p\b)",
        r"\b(?:tiny|small|low|few)\b.{0,25}\b(?:counts?|numbers|table|sample)",
        r"counts? too (?:low|small)",
    ),
    "proportion_one": (
        r"\b(?:one|1)[\s-]?(?:sample )?prop\w*|\bbinomial test\b|\bexact binomial",
        r"\b\d++\s*(?:\w+\s){0,2}(?:of|out of|outta|in|from)\s*(?:\w+\s)?\d+\b.{0,80}\b(?:more than|over|above|below|under|worse than|higher|lower|exceed\w*|less than|than)\b.{0,12}\d",
        r"\b(?:historic\w*|contract|allow(?:s|ed)?|permits?|norm(?:al)?ly|promised|claim\w*)\b.{0,40}\d+\s*%",
    ),
    "proportion_two": (
        r"\b(?:two|2)[\s-]?(?:sample )?(?:prop\w*|p\s+z)\b",
        r"(?<!\d)\d++\s*(?:/|of|out of|outta|in|from|by)\s*\d+.{1,80}\d\s*(?:/|of|out of|outta|in|from|by)\s*\d",
        r"\bproportions?\b.{0,30}\b(?:differ|equal|same)|\brisk ratio\b",
    ),
    "poisson_rate": (
        r"\bpoisson\b(?!.{0,12}(?:regress|model fit|fit))",
        r"\b(?:rate|rates)\b.{0,40}\b(?:per|ratio|month|hour|shift|m2|compar\w+)\b",
        r"\b\d+ (?:\w+ ){0,3}(?:in|over|during|on)\s+\d+(?:\.\d+)?\s*(?:months?|hours?|h|days?|years?|weeks?|m2|unit-years|rolls|km|man)",
        r"\b(?:incidents?|accidents?|breakdowns?|stoppages|stops|complaints|tickets|excursions|pinholes|gels?)\b",
    ),
    "mann_whitney": (
        r"\bmann[\s-]*whit\w*|\brank[\s-]?sum\b|\bmw\b(?: test)?|\bu[\s-]test\b",
        r"\b(?:not|non|no|isn'?t|aint|ain't|arent)[\s-]*(?:\w+\s){0,3}(?:normal|gauss\w*|t[\s-]?test)\b",
        r"\b(?:skewed|lopsided|asymmetric\w*|ordinal|ranks?|rank[\s-]based|non-?parametric|distribution[\s-]free)\b",
    ),
    "wilcoxon_signed_rank": (
        r"\bsigned[\s-]?rank|\bwilcoxon\b(?!.{0,4}rank[\s-]?sum)",
        r"\bpseudo-?median|\bhodges",
        r"\bmedian\b.{0,40}\b(?:against|above|below|under|over|more than|less than|equal)",
    ),
    "kruskal_wallis": (
        r"\bkruskal|\bk-?w\b",
        r"\b(?:three|3|four|4|five|5)\b.{0,60}\b(?:ranks?|ordinal|skewed|non-?parametric|medians)\b",
    ),
    "friedman": (
        r"\bfriedman",
        r"\b(?:each|every|same)\b.{0,60}\b(?:ranked|scored|rated|judged|tried|used|tested) (?:all|every|the same)",
        r"\brepeated[\s-]?(?:measures)?\b.{0,50}\brank|\brank.{0,40}\brepeated|\bblocked by\b|\bsame subjects?\b",
    ),
    "sign_test": (
        r"\bsign[\s-]?test\b|\bonly the (?:signs?|direction)|\bplus and minus\b|\bcoin flip\b|\busing (?:only )?(?:the )?signs\b",
        r"\bprefer(?:red|ence)?\b|\bdirection of change\b|\bbeat\b.{0,30}\btimes|\boutlasted\b",
    ),
    "normality": (
        r"\bnormal(?:ity|ly)\b|\bgauss\w*|\bbell[\s-]?(?:curve|shape\w*)|\bshapiro|\banderson|\bryan[\s-]?joiner|\blilliefors|\bkolmogorov|\bprobability plot|\bqq\b",
        r"\b(?:is|are|data|it|these|this|they|set)\b.{0,25}\bnormal\b",
    ),
    "equal_variance": (
        r"\blevene|\bbart?let+s?|\bf[\s-]?test\b|\bbrown[\s-]?forsythe|\bfligner|\bcochran'?s|\bhomosced\w*|\bhomogene\w+ of (?:the )?variance",
        r"\b(?:equal|same) (?:variances?|spreads?|scatter|sd|variation)|\bvariances? (?:equal|the same|differ|homogen\w*)|\bspreads? (?:the )?(?:same|equal|differ)",
        r"\b(?:more (?:consistent|variable|scatter|erratic|spread)|wobbles?|less scatter|scatter of|variability|dispersions?|spread of|spread differ)\b",
    ),
    "correlation": (
        r"\bcorr?elat\w*|\bpearson|\bspearman|\bkendall'?s? tau|\brho\b",
        r"\bhow (?:strong|tight|close)\w*\b|\b(?:link|relationship|association|go together|hang\w* together|move together|track\w*)\b",
        r"\bhas? anything to do with\b|\br please\b|\brelated\b",
    ),
    "regression_linear": (
        r"\b(?:linear |simple |straight )?(?:regress\w*|line fit|fitted line|least squares|best fit|trend ?line|ausgleichsgerade|calibration (?:line|curve|equation)|cal curve|straight line|fit (?:a |the )?line|line thr\w+)",
        r"\bslope\b|\bintercept\b|\by\s*=\s*a\s*\+\s*b|\bper (?:extra|additional)\b|\bfor each extra\b",
        r"\bat x\s*=|\bdepends? on\b|\bvs\.?\b.{0,20}\bregression\b",
    ),
    "regression_multiple": (
        r"\bmultiple (?:linear )?regress|\bmlr\b|\b(?:two|2|three|both|several) (?:xs|predictors|regressors|things|variables)\b",
        r"\bpredictors?\b|\bcollinear\w*|\bvif\b|\bcoefficients?\b",
        r"\bformula with both\b|\beqn with both\b|\bfrom both\b|\bwith \w+ plus \w+|\bjointly\b|\bdrives?\b",
    ),
    "regression_polynomial": (
        r"\bquadratic\b|\bpoly\w*|\bcubic\b|\bquintic\b|\bx\s*\^?\s*[2²]\b|\bsquared? term|\bsecond[\s-]order|\b2nd[\s-]order|\b\w+th (?:degree|order)|\bcurved?\b|\bparabola|\bhill\b|\bbends?\b",
    ),
    "regression_nonlinear": (
        r"\bpower law\b|\bnon-?linear (?:fit|regress)|\by\s*=\s*b1\b|\bexponential (?:fit|decay)",
    ),
    "logistic_regression": (
        r"\blogist\w*|\blogit\b|\bprobit\b|\bodds (?:ratio|change)|\bbinary (?:outcome|response|logistic)|\bld50\b|\bsigmoid\b",
        r"\b(?:chance|probability|risk) of (?:failure|break\w*|crack\w*)|\b0 and 1\b|\b0/1\b|\bpass/fail\b",
    ),
    "power_sample_size": (
        r"\bpower\b(?! law)|\bsample size\b|\bhow many (?:samples?|parts|per|pieces|pairs|patients|specimens|castings|do i need|measurements|n\b)|\bn per\b|\bhow big a sample\b|\bnumber of (?:pairs|persons|samples)",
        r"\bdetect\b|\bnotice a shift|\bsmallest (?:deviation|difference|effect)|\beffect (?:size|of)?\b",
        r"\bestimate\b.{0,40}(?:±|\+/-|within|to \+)",
    ),
    "confidence_interval": (
        r"\b(?:confidence|conf) (?:interval|limits?|band|bound)|\bci\b|\b(?:margin of error|uncertainty)\b|\bvertrauensbereich|\bplus minus on\b",
        r"\btrue (?:mean|average|sigma|value|range|reject)|\bupper \d* ?%? ?(?:limit|bound|confidence)|\bhow exact\b|\bbootstrap\b",
        r"\b(?:zero|no|0) (?:defects?|fails?|failures?|defectives?)\b",
    ),
    "prediction_interval": (
        r"\bpredict\w* interval|\bpi\b(?! ?\d)|\bnext\b|\bfuture\b|\bvorhersage\w*|\bcoming\b|\bone more\b",
    ),
    "tolerance_interval": (
        r"\btolerance (?:interval|intervl|limits?|bound|factor)|\b\d\d(?:\.\d+)?\s*/\s*\d\d\b|\bk[\s-]?factor|\bof (?:the |all )?(?:population|content|capsules|parts|wafers)\b|\bcoverage\b|\bdistribution[\s-]free\b|\b16269\b|mean \+/- k",
    ),
    "outlier_test": (
        r"\boutlier\w*|\bgrubbs|\bdixon|\besd\b|\bfreak\b|\brogue\b|\bfl(?:ie|ye)r\b|\bdiscordant\b|\bstrange\b|\bdoesn?'?t? (?:fit|belong)|\bsuspect\w*|\bsuspicious\b|\bodd value\b|\bthrow\w* (?:it )?(?:away|out)",
    ),
    "equivalence_test": (
        r"\bequivalen\w*|\btost\b|\bbioequiv\w*|\binside \d|\bwithin (?:\+/-|±)|\bcounts as the same\b|\bas good as\b|\binterchangeab\w*|\bmethod transfer\b|\bimmaterial\b|\bnon-?inferior\w*",
    ),
    "full_factorial": (
        r"\bfull(?:y)?[\s-]?fact\w*|\ball (?:the )?comb\w*|\beach comb\w*|\bevery (?:comb\w*|couple)|\bfactorial\b(?!.{0,12}(?:fraction|power))|\b[23]\s*\^\s*\d+\b(?!\s*-)|\b\d\s*x\s*\d(?:\s*x\s*\d)*\b|\bgeneral fact",
    ),
    "fractional_factorial": (
        r"\bfraction\w*|\bhalf (?:fraction|design|of it|plan)|\b2\s*\^\s*\{?\(?\s*\d+\s*-\s*\d+|\bresolution\b|\bres\.? ?(?:iii|iv|v|vi|\d)\b|\balias\w*|\bconfound\w*|\bgenerators?\b|\bdefining relation|\bquarter fraction|\btoo many (?:runs|trials)",
        r"\b(?:only|but)\b.{0,30}\b(?:8|16|32) (?:runs|trials|shots|experiments|wafers|boards|tests)|\bscreen \d+ factors in (?:8|16|32)",
    ),
    "plackett_burman": (
        r"\bplackett|\bp[\s-]?b\s?\d*\b(?: screening| design)?|\bburman",
        r"\bmain effects? only|\bmains only|\b(?:12|twenty|20|24|dozen)\b.{0,20}\b(?:runs?|trials|injections|experiments|cultivations|lots)|\bscreen\w*\b",
    ),
    "box_behnken": (
        r"\bbox[\s-]*(?:b\w+)|\bbbd\b|\bno (?:extreme )?corners|\bwithout (?:extreme |the )?(?:corners|edges)|\bmiddle of (?:the )?edges|\bedges? mids?|\bcube corners",
    ),
    "central_composite": (
        r"\bcentral[\s-]?comp\w*|\bcomposite\b|\bccd\b|\bcc[cif]\b|\brotatable\b|\bface[\s-]?cent\w+|\baxial\b|\bstar (?:points?|pts)|\bcomposto\b",
    ),
    "taguchi": (
        r"\btaguchi|\bl(?:4|8|9|12|16|18|27|32|36)\b|\borthogonal array|\bs/n\b|\bsignal[\s-]?(?:to[\s-]?)?noise|\brobust design",
    ),
    "definitive_screening": (
        r"\bdsd\b|\bdefinitive|\bjones\b|\bnachtsheim|\bthree-level screen\w*|\b3 lvl\b.{0,30}screen",
    ),
    "mixture": (
        r"\bmixture|\bsimplex|\bblend\w*|\blattice\b|\bcentroid\b|\badd\w* (?:up )?to (?:1|100)|\bsum (?:is )?(?:fixed|to)|\bingredients?\b|\bformulation\b|\brecipes?\b|\bscheff[eé]|\btotal 100",
    ),
    "latin_hypercube": (
        r"\blatin[\s-]?hyper|\blhs\b|\bspace[\s-]?fill\w*|\bcomputer experiment|\bsimulations?\b|\bmaximin|\bspread evenly|\bsurrogate",
    ),
    "latin_square": (
        r"\blatin[\s-]?sq\w*|\bgraeco|\bonce per\b|\brows and columns\b|\bblock by\b.{0,30}\band by\b",
    ),
    "d_optimal": (
        r"\b[diag][\s-]?opt\w*|\boptimal (?:design|plan)|\bcustom (?:design|one)|\bcoordinate exchange|\bcomputer[\s-]?(?:generated|picked)|\bcandidate set|\baugment",
    ),
    "split_plot": (
        r"\bsplit[\s-]?plot|\bhard[\s-]to[\s-]change|\bhtc\b|\betc\b:|\bwhole[\s-]?plots?|\brestricted random|\bspaltanlage|\bcan only change",
    ),
    "doe_analyze": (
        r"\beffects?\b(?!\s*(?:size|of \d))|\bpareto of|\bhalf[\s-]?normal|\bcurvature\b|\bstandard order|\bstd order|\bunreplicated|\bwhich (?:knob|lever|factor)\w*|\blenth\b",
        r"\(1\)\s*[\d,]|\ba\+b-|\blow low\b|\(--|\+-",
        r"\bmain effects? and interaction|\banaly[sz]e (?:the |my )?(?:doe|factorial|2\^)",
    ),
    "response_surface": (
        r"\bresponse surface|\brsm\b|\bstationary|\bcanonical|\bsteepest|\bsecond-order model|\bsweet spot|\bsaddle|\bquad(?:ratic)? surface|\boptimum\b.{0,20}|\bbest setting",
    ),
    "desirability": (
        r"\bdesirab\w*|\bderringer|\bsuich|\bw[uü]nschb\w*|\bcompromise\b|\bgeometric mean|\boverall (?:score|d)\b",
    ),
    "doe_power": (
        r"\bpower\b.{0,40}\b(?:2\s*\^|factorial|design|runs|plan)|\b(?:replicates?|runs|shots|reps?)\b.{0,60}\b(?:detect|power|see|find|enough|spot)\b|\b(?:2\s*\^\s*\d|pb|runs)\b.{0,40}\bpower\b",
    ),
    "control_chart": (
        r"\b(?:control|shewhart|levey)[\s-]*(?:chart|card|limits?|jennings|map)|\b(?:x[\s-]?bar|i-?mr|imr|individuals?|p|np|c|u|r|s|range|ewma|cusum|g|mr)[\s-]*(?:bar )?(?:&|and)?[\s-]*(?:charts?|card|control|limits)\b|\bcharts?\b|\bregelkarte|\bspc\b|\blaney",
        r"\b(?:in|out of|under|outta|statistical|in statistical) control\b|\bstable\b|\bsteady\b|\bspecial cause|\bspecial\b|\bewma\b|\bcusum\b|\bcumulat\w+ sums?|\bhotelling|\bt-?squared",
        r"\bc4\b|\bd2\b for|\bd3\b|\ba2\b for|\bconstants?\b",
    ),
    "runs_rules": (
        r"\bnelson|\bwestern[\s-]electric|\bwe(?:co)? rules|\bwestgard|\brun[s]?[\s-]?(?:rules?|tests?|chart)|\bzone rule|\b\d of \d\b|\bin a row\b|\bone side\b|\bzig[\s-]?zag|\brules?\b.{0,20}\b(?:broke|violat\w*|trip)|\b2 ?outta ?3\b",
    ),
    "capability": (
        r"\bc\s?p\s?k?[klum]?\b|\bcpk?\b|\bppk?\b|\bcpm\b|\bcmk?\b|\bcapab\w*|\bppm\b(?!.{0,6}(?:in|of))|\bsixpack|\bz[\s.-]?bench|\bsigma level",
        r"\b(?:lsl|usl|spec(?:s|ification)?|limits?|tol(?:erance)?)\b",
    ),
    "capability_nonnormal": (
        r"\bnon-?normal\b.{0,40}|\bbox[\s-]?cox|\bjohnson|\bpercentile method|\b22514|\bweibull\b.{0,40}\b(?:capab\w*|ppk|usl)|\bcapab\w*\b.{0,40}\b(?:weibull|lognormal|non)|\blognormal\b",
        r"\b(?:skewed|piled up|long (?:right )?tail|one-sided|not gauss|runout|flatness|tir)\b.{0,90}\b(?:usl|max|capab\w*|ppk|index|upper|lim)",
    ),
    "arl": (
        r"\barl\b|\baverage run length|\brun length|\bfalse alarms?|\bhow long before|\b(?:until|till) (?:detect\w*|we catch|the alarm)|\bsignals a shift|\bexpected delay|\bpoints? (?:until|till|before)",
    ),
    "gage_rr": (
        r"\bg(?:a|au)ge\s?r\s?&?\s?r|\bgrr\b|\bg\s?r\s?&\s?r|\br\s?&\s?r\b|\brepeatab\w*|\breproducib\w*|\bndc\b|\bev\s*=|\bmsa\b|\bgauge study|\bstudy var\w*",
    ),
    "gage_type1": (
        r"\btype[\s-]?(?:1|i|one)\b(?! error| and)|\bcgk?\b|\bmaster\b.{0,60}(?:tol|repeated)|\bone (?:operator|lad|person),? one part|\brepeat(?:ed)? readings",
    ),
    "gage_bias_linearity": (
        r"\blinearity\b|\bbias\b|\breads? (?:wrong|low|high|ok)\b|\breference (?:weights|parts)|\bindicated as|\btrue,read|\bdrifts?\b.{0,30}block",
    ),
    "attribute_agreement": (
        r"\bkappa|\binspectors?\b.{0,60}\bagree|\bagree\w*|\bfleiss|\bcohen|\bappraisers?|\bconcordance|\bkendall'?s? w|\bhimself|\bherself|\bwithin appraiser",
    ),
    "weibull_fit": (
        r"\bweib\w*|\bb-?(?:10|5|1|50)\b|\bmttf\b|\bmtbf\b|\beta\b|\bcharacteristic life|\bcaracteristic|\bhazard\b|\blifetimes?\b|\bsuspen\w*|\bwear(?:ing)? out|\bshape\b.{0,20}\bscale\b",
    ),
    "kaplan_meier": (
        r"\bkaplan|\bk-?m\b|\bsurviv\w*|\bsurv\b|\bproduct[\s-]limit|\blog-?rank|\bcensor\w*|\bremain\w* unspoiled|\bmedian time to\b",
    ),
    "demonstration_test": (
        r"\br\s?\d\d\s?/?\s?c\s?\d\d|\bdemonstrat\w*|\bsuccess[\s-]?run|\bbogey|\breliab\w*\b.{0,40}\bconf|\bwithout (?:any )?(?:failure|break)|\bno fails to (?:show|prove)|\bzero[\s-]failure (?:test|plan)|\bprove\b.{0,30}\breliab",
    ),
    "acceptance_sampling": (
        r"\baql\b|\bltpd\b|\brql\b|\boc[\s-]?curve|\baoql?\b|\bacceptance (?:number|sampl\w*|prob\w*)|\bsampling plan|\bz1\.?[49]|\b2859|\bcode letter|\bac\s*/\s*re|\baccept (?:on|with)\b|\bn\s*=?\s*\d+\s*,?\s*c\s*=?\s*\d|\bpa\b|\blot of\b|\bproducer'?s risk",
    ),
    "derivative": (
        r"\bderiv\w*|\bdifferentiat\w*|\bgradient\b|\bd/d[a-z]\b|\bslope of (?:the )?(?:curve|calibration)|\brate .{0,30}change with|\bhow rapidly|\bd\(\w",
    ),
    "integral": (
        r"\bintegra\w*|\barea (?:under|beneath|below)|\bstammfunktion|\banti-?deriv\w*|\bauc\b|\btotal flow|\bcumulative (?:lethality|dose)",
    ),
    "solve": (
        r"\bsolve\b|\broots?\b|\bzeros? of\b|\bnullstellen|\bunknowns?\b|\bwhat (?:are|is) [a-z](?: and [a-z])?\b|\brearrange|\bfor which x|\bx where\b|\bwhere does\b|\bequals? 0\b|=\s*0\b",
    ),
    "simplify": (
        r"\bsimplif\w*|\bexpand\b|\bfactori?[sz]?e?\b(?! (?:a|b|level|analysis))|\bpartial fractions?|\bmultiply out|\breduce\b|\bcollapse\b|\btidy\b|\bcan this be shorter|\bmake it one thing|\bcancel\b",
    ),
    "unit_conversion": (
        r"\bconvert\b|\b(?:in|to|into|=\s*\??)\s*(?:deg\s?)?(?:°?[cf]|celsius|fahrenheit|kelvin|psi|bar|mpa|kpa|nm|n·m|newton\w*|mm|inch\w*|in|thou|um|µm|kg|lbs?|pounds?|gal\w*|litres?|liters?|l|hp|kw|rad/s|rpm|m3/h|l/min|ft-?lb\w*)\b",
    ),
    "concept": (
        r"^\W*(?:(?:hi|hello|hey|dear|morning|good \w+)\b[^,.!]{0,20}[,.!]?\s*)?(?:please |kindly |can you |could (?:you|someone) )*(?:what(?:'|’)?s? (?:is |are |does |do )?(?:the )?(?:a |an )?(?:difference|diff|meaning|catch|point|sense|purpose)|explain|define|distinguish|elaborate|why |how (?:do|does|is|are) .{0,40}(?:work|compare|interpret\w*|mean|choose)|when (?:do|does|would|should|is|to)|which is the difference|in which case)",
        r"\b(?:explain|difference between|in (?:simple|plain) words|what does .{1,30} mean|whats? .{1,20} mean|stand for|meant by|interpret(?:ed)?|in what distinguishes|advantages of|who'?s who|how do i choose|is it permitted|what role|on what grounds|under what circumstances|in words)\b",
        r"^(?:what|wots|whats|what's) (?:is |are |a |an |the )*(?:a |an )?[\w\s\-/]{2,25}\??$",
    ),
    "declined": (
        r"\b(?:fake|falsif\w*|fabricat\w*|fudge|invent\w*|make up|made up|cheat\w*|doctor the|forge\b|massage)\b",
        r"\b(?:change|modify|adjust|amend|tweak|alter|replace|move|edit|correct)\w*\b.{0,60}\b(?:so (?:that )?|until|to (?:get|make|pass|reach|reports?)|cpk|kappa|passes|inside)",
        r"\b(?:which (?:points?|ones?|of these|values?|readings?)|what)\b.{0,30}\b(?:drop|erase|delete|remove|leave out|throw)\b",
        r"\b(?:delete|drop|remove|erase|leave out|hide|omit|exclude|throw out)\b.{0,60}\b(?:until|so (?:that|it|the)|passes?|significant|looks?)\b",
        r"\b(?:nobody (?:will )?(?:check|measured|notice)|won'?t notice|don'?t notice|auditor|as if)\b.{0,80}|\bplausible numbers|\bbelievable\b|\blooks? (?:normal|complete|clean|measured)\b",
        r"\b(?:try|trying) (?:every|tests?)\b.{0,60}\b(?:significant|below|one)\b|\bpick the \d+ best\b",
    ),
    "out_of_scope": (
        r"\b(?:who won|match|lottery|weather|recipe for|joke|poem|song|translate|logo|slogan|poster|elections?|president|football|holiday|film|movie|restaurant|wifi|printer|outlook|sap\b|firewall|javascript|python script|login|password|email to|write (?:me )?(?:a|an|the) (?:poem|letter|sick|polite|email|story|apology|mail)|buy|purchase|cheap|brand|book (?:me|please)|train\b.{0,10}\bto\b|doctor|ibuprofen|legal|lawyer|employer|salary|visa|stock)\b",
    ),
    "unclear": (
        r"^\W*(?:\w+\W+){0,8}(?:is it ok|what happened|funny|what now|help|any ideas?|look at (?:this|it)|ok\?|attached|analy[sz]e please)\W*$",
    ),
}

WINDOW = 2000
_FLAGS = re.IGNORECASE | re.DOTALL


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (f"{operation}.{index}", re.compile(pattern, _FLAGS))
        for operation, patterns in PATTERNS.items()
        for index, pattern in enumerate(patterns)
    )


_DOMAIN = re.compile(
    r"\b(?:p[\s-]?values?|signific\w*|stat\w*|type (?:i|ii|1|2)\b|errors?|sigma|r[\s-]?sq\w*|r²|residual\w*|model|sampl\w*|"
    r"mean|median|average|variance|variation|deviation|distribut\w*|random\w*|block\w*|centre points?|center points?|"
    r"factor\w*|trials?|runs?|experiment\w*|doe|subgroup\w*|control|limits?|process|measure\w*|gau?ge\w*|n-1|hypothes\w*|h0|"
    r"test\w*|interval\w*|confiden\w*|knobs?|lack[\s-]of[\s-]fit|categories|quality|defect\w*|number|points?|one[\s-]sided|two[\s-]sided|%)",
    _FLAGS,
)


def is_in_domain(text: str) -> bool:
    """Does the text speak about this field at all: a rule matches, or a word of the trade stands there?"""
    statuses = ("concept.", "declined.", "out_of_scope.", "unclear.")
    return any(not name.startswith(statuses) for name in hits(text)) or bool(
        _DOMAIN.search(_window(text))
    )


def hits(text: str) -> list[str]:
    """Names (``operation.index``) of the rules that match ``text``."""
    text = _window(text)
    return [name for name, pattern in _compiled() if pattern.search(text)]


def _window(text: str) -> str:
    """The lower-case beginning and end of a long text: the request stands before or behind data."""
    if len(text) > 2 * WINDOW:
        text = f"{text[:WINDOW]}\n{text[-WINDOW:]}"
    return text.lower()


def first_hit(operation: str, text: str) -> int | None:
    """Where a rule of ``operation`` matches first, or None."""
    window = _window(text)
    found = [
        match.start()
        for name, pattern in _compiled()
        if name.startswith(f"{operation}.") and (match := pattern.search(window))
    ]
    return min(found, default=None)
