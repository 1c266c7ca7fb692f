"""Methods that a question calls by their name: who says "bootstrap" does not want a t interval.

The first pattern that matches decides, so a more special name stands before a more general one.
"""

from __future__ import annotations

import re
from functools import cache

NAMED: tuple[tuple[str, str], ...] = (
    (
        "design_evaluation",
        r"\bfraction\s+of\s+(?:the\s+)?design\s+space\b|\bfds\s+(?:plot|curve|graph)|\bprediction\s+variances?\b"
        r"|\bdesign\s+(?:evaluation|diagnostics?)\b|\balias\s+matrix\b"
        r"|\b(?:evaluate|judge|assess|rate|how\s+good\s+is|diagnose)\s+(?:the|this|my|our|a|an)\s+(?:[\w-]{1,20}\s+){0,3}designs?\b"
        r"(?![^?]{0,200}\b(?:results?|response|measured|yields?)\b)"
        r"|\b(?:vifs?|variance\s+inflation|leverages?|[dagi][\s-]efficiency)\b[^.?]{0,50}\bof\s+(?:the|this|my|our|a|an)\s+"
        r"(?:[\w-]{1,20}\s+){0,3}designs?\b",
    ),
    (
        "space_filling",
        r"\bsobol\w{0,2}\s+(?:sequence|points?|design|sample|runs?|set)|\bhalton\b|\buniform\s+designs?\b|\bsphere[\s-]?pack\w{0,3}"
        r"|\bsliced\s+latin|\b(?:low|least|minimum)[\s-]discrepancy\b|\bquasi[\s-]?random\b"
        r"|\bspace[\s-]?filling\s+(?:experimental\s+)?designs?\b(?![^?]{0,200}\b(?:lhs|latin))",
    ),
    (
        "ridge_analysis",
        r"\bridge\s+(?:analysis|trace|path)\s+(?:of|for|on|over)\b|\bridge\s+analysis\b",
    ),
    (
        "steepest_ascent",
        # With a polynomial or its coefficients in the question, response_surface gives the path.
        r"\A(?![\s\S]{0,400}?(?:=\s*[-+]?\.?\d|\bb\d|\bcoef|[-+]\s?\d{1,6}(?:\.\d{1,6})?\s?\*?\s?[a-z]))[\s\S]{0,400}?"
        r"\b(?:steepest\s+(?:ascent|descent)|canonical\s+path)\b",
    ),
    (
        "mixture_analysis",
        r"\bscheff\w{0,3}\s+(?:mixture\s+)?(?:model|polynomial|quadratic|linear|special|full|cubic)"
        r"|\bmixture\s+(?:model|analysis|regression|polynomial|results?|data)\b"
        r"|\b(?:analy[sz]\w{1,5}|evaluate|fit)\b[^.?]{0,60}\bmixture\s+(?:experiment|design)"
        r"|\b(?:cox|piepel)\w{0,2}\s+(?:response\s+)?(?:trace|direction)|\bresponse\s+trace\b"
        r"|\bspecial\s+cubic\b",
    ),
    (
        "definitive_screening",
        r"\bdef[a-z]{2,4}t[a-z]{1,3}ve\s+screen\w*(?![^?]{0,200}\b(?:alias\s+matrix|vifs?|prediction\s+variances?|fds)\b)",
    ),
    (
        "mixture",
        r"\A(?![\s\S]{0,400}\b(?:analy[sz]\w{1,5}|results?|measured|responses?|optimal)\b)[\s\S]{0,200}?\bextreme[\s-]vert\w+",
    ),
    (
        "split_plot_analysis",
        r"\banaly[sz]\w{1,5}\b[^.?]{0,80}\bsplit[\s-]?(?:split[\s-]?)?plots?\b"
        r"|\bsplit[\s-]?(?:split[\s-]?)?plots?\b[^.?]{0,60}\b(?:analy[sz]\w{1,5}|anova|results?|data|tests?)\b"
        r"|\bwhole[\s-]?plot\s+(?:error|variance)",
    ),
    (
        "latin_square_analysis",
        r"\b(?:analy[sz]\w{1,5}|anova|evaluate|results?)\b[^.?]{0,60}\b(?:gr(?:a)?eco-?\s?)?latin\s+squares?\b"
        r"|\blatin\s+squares?\b[^.?]{0,60}\b(?:analy[sz]\w{1,5}|anova|results?|data|differ\w*|matters?)\b",
    ),
    (
        "factorial_anova",
        r"\bfactorial\s+(?:anova|analysis\s+of\s+variance)\b|\bgeneral\s+(?:full\s+)?factorial\b[^.?]{0,40}"
        r"\b(?:analy[sz]\w{1,5}|anova|results?|data)\b"
        r"|\banaly[sz]\w{1,5}\b[^.?]{0,60}\bgeneral\s+(?:full\s+)?factorial\b"
        r"|\b(?:three|four|five|six|multi|[3-9]|n|k)[\s-]?(?:way|factor)\s+(?:anova|analysis\s+of\s+variance)\b",
    ),
    (
        "best_subsets",
        r"\b(?:best|all(?:\s+possible)?)[\s-]subsets?\b|\bsubsets?\s+(?:selection|regress\w*)\b"
        r"|\ball\s+possible\s+regressions\b",
    ),
    (
        "regression_stepwise",
        r"\bstep-?\s?wise\b|\bforward\s+(?:step\w*\s+)?selection\b|\bbackwards?\s+(?:elimination|selection)\b",
    ),
    (
        "poisson_regression",
        r"\b(?:poisson|count|log-?linear|quasi-?\s?poisson|negative[\s-]binomial)\s+(?:regress\w*|glm)\b"
        r"|\b(?:regress\w*|glm)\b[^.?]{0,40}\b(?:poisson|counts)\b|\bnegative\s+binomial\b[^.?]{0,40}\bregress"
        r"|\b(?:poisson|negative[\s-]binomial)\s+model\b[^.?]{0,60}\b(?:on|of|for|with)\b"
        r"|\bdepends?\b[^.?]{0,80}[.?]\s{1,4}(?:they|these|the\s+\w{1,20})\s+are\s+counts\b"
        r"|\bdepends?\b[^.]{0,80}\b(?:poisson|negative[\s-]binomial)\s+model\b",
    ),
    (
        "mixed_model",
        r"\bmixed[\s-]+(?:effects?\s+|linear\s+)?(?:model\w*|anova|analysis)\b|\blinear\s+mixed\b|\brandom[\s-]+effects?\b"
        r"|\brandom\s+(?:intercept|factor|block)s?\b|\breml\b"
        r"|\bvariance[\s-]+components?\b[^.?]{0,60}\brandom\b"
        r"|\bnested\b[^.?]{0,60}\bvariance[\s-]+components?\b|\bvariance[\s-]+components?\b[^.?]{0,60}\bnested\b",
    ),
    (
        "general_linear_model",
        r"\bgeneral\s+linear\s+model|\bancova\b|\banalysis\s+of\s+covariance\b|\bglm\b(?!\s*\(|\s+table)"
        r"|\b(?:adjusted|least[\s-]squares?|ls|marginal)\s+means\b|\bcovariates?\b"
        r"|\bdiffer\w*\b[^.?]{0,80}\b(?:accounted|account(?:ing)?|adjust(?:ed|ing)?|correct(?:ed|ing)|controlling)\s+for\b",
    ),
    (
        "regression_nonlinear",
        r"\bnon-?\s?linear\s+(?:least\s+squares|regress\w*|fit\w*|models?|curves?)\b"
        r"|\bmichaelis\W+menten\s+(?:fit|curve|model|parameters?)|\bfit\w*\b[^.?]{0,60}\bmichaelis|\bgompertz\b|\b4pl\b|\bhill\s+(?:curve|equation|model)\b|\bbi-?exponential"
        r"|\bpower[\s-]law\b(?!\s+(?:process|nhpp))|\bexponential\s+(?:decay|growth)\s+(?:curve|fit|model)"
        r"|\bfit\w*\b[^.?]{0,60}?\b(?:logistic|saturation|growth|decay|exponential)\s+curve\b"
        r"|\bfit\w*\b[^.?=]{0,80}?\b\w{1,20}\s*=[^?;:]{0,80}?(?:\bexp\s*\(|\be\s*\^|(?:\^|\*\*)\s*\(?\s*-?\s*[a-z]"
        r"|\b(?:ln|log|atan|tanh)\s*\(|/\s*\(\s*\w{1,6}\s*\+)",
    ),
    (
        "arl",
        r"\b(?:arl|run[\s-]lengths?)\b(?=[^.?]{0,100}\b(?:mewma|hotelling|multivariate|zone\s+chart|t(?:²|\^2|2|[\s-]squared)))"
        r"(?!\s*(?:=|of|is|for)?\s*\d)",
    ),
    (
        "control_chart",
        r"\b(?:hotelling\w*|mewma|t(?:²|\^2|2|[\s-]squared))\W{0,6}(?:\w{1,20}\W{1,3}){0,3}(?:chart|card|signal|alarm)s?\b"
        r"|\bmultivariate\s+(?:control|ewma)\b|\bgenerali[sz]ed\s+variance\s+chart",
    ),
    (
        "phase_one",
        r"\bphase[\s-](?:i|1|one)\b[^.?]{0,60}\b(?:limits?|charts?|outliers?|clean\w*|baseline)\b"
        r"|\b(?:remov\w*|drop\w*|discard\w*|throw\w*\s+out|clean\w*|purg\w*)\b[^.?]{0,60}\b"
        r"(?:out[\s-]of[\s-](?:control|limits)|beyond\s+(?:the\s+)?(?:control\s+)?limits|outside\s+(?:the\s+)?control\s+limits)"
        r"|\b(?:remov|revis|recalculat|recomput)\w*\b[^.?]{0,40}\b(?:trial|baseline)\s+(?:control\s+)?limits",
    ),
    (
        "control_chart",
        r"\blaney\b(?!'?s?\s+(?:paper|article))|\b[pu][\s-]?prime\s+(?:chart|card)|(?<!['‘’\w])[pu]['’′]\s?-?(?:chart|card)"
        r"|(?<![\w'])[gt][\s-]charts?\b|\brare[\s-]events?\s+(?:control\s+)?(?:chart|card|map)"
        r"|\bshort[\s-]?run\s+(?:control\s+|spc\s+|dnom\s+)?(?:chart|card)|\bdnom\b|\bz[\s-]?mr\b|\bi[\s-]?mr[\s-]r(?:/s)?\b"
        r"|\b(?:three|3)[\s-]?way\s+(?:control\s+)?chart|\bzone\s+(?:control\s+)?(?:chart|card)|\bmoving[\s-]average\s+(?:control\s+)?(?:chart|card)"
        r"|\bstaged?\s+(?:control\s+)?(?:charts?|limits)\b"
        r"|\b(?:i[\s-]?mr|x[\s-]?bar|(?:control\s+)?(?:chart|card)s?)\b[^.?]{0,60}\b(?:staged\b|by\s+stages?\b|(?:separate|own|split)\s+limits\b)",
    ),
    (
        "double_sampling",
        r"\b(?:double|two[\s-]stage|multiple)[\s-]+(?:acceptance\s+)?sampl\w*|\b(?:double|multiple)\s+(?:sampling\s+)?plans?\b"
        r"|\bn_?1\s*=?\s*\d[^?]{0,60}\bc_?1\b[^?]{0,60}\bn_?2\b",
    ),
    (
        "acceptance_sampling_variables",
        r"\bz\s?1\.?9\b|\biso\s*3951\b|\bmil[\s-]*std[\s-]*414\b|\bvariables?\s+(?:acceptance\s+)?(?:sampl\w*|plans?|inspection)"
        r"|\b(?:sampl\w*|inspection|plans?)\s+by\s+variables?\b|\b[km][\s-]method\b",
    ),
    (
        "capability_sixpack",
        r"\bsix[\s-]?pack\b|\b6[\s-]?pack\b",
    ),
    (
        "capability_between_within",
        r"\bbetween\s*(?:/|-|and|&|\+)\s*within\b[^.?]{0,60}\b(?:capab\w*|cpk?|ppk?|spec\w*|indices)\b"
        r"|\b(?:capab\w*|cpk?|ppk?)\b[^.?]{0,60}\bbetween\s*(?:/|-|and|&|\+)\s*within\b|\bb/w\s+(?:capab\w*|cpk?)",
    ),
    (
        "capability_attribute",
        r"\b(?:binomial|poisson|attribute)s?\s+(?:process\s+)?capab\w*|\bcapab\w*[^.?]{0,30}\b(?:binomial|poisson|of\s+attributes?|defectives|counts?)\b"
        r"|\b(?:capab\w*|process\s+z|dpu)\b[^.?]{0,50}\bdefect(?:s|ives|ive\s+units)\b[^.?]{0,30}\b(?:samples?|inspected|counts?|lots?|units)\b",
    ),
    (
        "gage_rr_expanded",
        r"\bexpanded\s+(?:ga?u?ge|grr|r\s?&\s?r|msa|measurement)|\b(?:ga?u?ge|grr|r\s?&\s?r)\b[^.?]{0,60}\b(?:expanded|unbalanced|missing\s+(?:cells?|values?|measurements?)|more\s+factors|(?:three|3|four|4)\s+factors|fixed\s+factors?|reml)\b"
        r"|\b(?:unbalanced|reml)\b[^.?]{0,40}\b(?:ga?u?ge\s+(?:r|study)|grr)\b",
    ),
    (
        "gage_rr_nested",
        r"\b(?:nested|destructive|non-?\s?replicable)\b[^.?]{0,40}\b(?:ga?u?ge|grr|r\s?&\s?r|msa|measurement\s+system)"
        r"|\b(?:ga?u?ge|grr|r\s?&\s?r|msa)\b[^.?]{0,40}\b(?:nested|destructive|non-?\s?replicable)\b",
    ),
    (
        "gage_stability",
        r"\bstability\s+(?:study\s+)?of\s+(?:the|a|our|this|my)\s+(?:\w{1,20}\s+)?(?:ga?u?ges?|measur\w*|scales?|calipers?|micrometers?|instruments?|masters?|balance)\b"
        r"|\b(?:ga?u?ge|measurement(?:\s+system)?|msa)\s+stability\b|\b(?:ga?u?ge|instrument|scale|master|check\s+standard)\b[^.?]{0,50}\bdrift\w*"
        r"|\bdrift\w*\b[^.?]{0,40}\b(?:master|check\s+standard|ga?u?ge)\b"
        r"|\b(?:ga?u?ge|cali?per|micrometer|scale|balance|instrument|cmm)\b[^.?]{0,20}\bdrift\w*",
    ),
    (
        "attribute_gage",
        r"\battribute\s+ga?u?ge\s+(?:study|analysis)|\banalytic\w*\s+(?:method|ga?u?ge)|\bgo[\s/-]*no[\s-]*go\b[^.?]{0,60}\b(?:bias|repeatab\w*|performance\s+curve)"
        r"|\bga?u?ge\s+performance\s+curve",
    ),
    (
        "attribute_agreement",
        r"\battribute\s+agreement\b|\bkendall'?s?\s+(?:w\b|coefficient|concordance)[^.?]{0,60}\b(?:raters?|apprais\w*|inspectors?|judges?)|\bconcordance\s+of\s+(?:the\s+)?(?:raters?|apprais\w*|judges?)"
        r"|\b(?:effectiveness|miss\s+rates?|false\s+alarm\s+rates?)\b[^.?]{0,60}\b(?:apprais\w*|inspectors?|raters?|operators?)",
    ),
    (
        "capability_nonnormal",
        r"\b(?:(?:3|three|2|two)[\s-]*param\w*[\s-]+(?:weibull|log-?\s?normal|gamma|log-?\s?logistic|exponential)|log-?\s?logistic|logistic\s+dist\w*|(?:smallest|largest)\s+extreme)\b[^.?]{0,60}\b(?:capab\w*|ppk?|cpk?|ppm|usl|lsl|spec\w*)\b"
        r"|\b(?:capab\w*|ppk?|cpk?)\b[^.?]{0,60}\b(?:(?:3|three|2|two)[\s-]*param\w*[\s-]+(?:weibull|log-?\s?normal|gamma|log-?\s?logistic|exponential)|log-?\s?logistic|logistic\s+dist\w*|(?:smallest|largest)\s+extreme)",
    ),
    (
        "bayes_proportions",
        r"\bbayes\w*\b[^?]{0,120}\b(?:proportions?|rates?|defect\w*|scrap|fail\w*|conversion|beta\s*\(|(?:out\s+)?of\s+\d)"
        r"|\b(?:proportions?|rates?|defect\w*|scrap)\b[^?]{0,120}\bbayes\w*|\bbeta[\s-]binomial\b",
    ),
    (
        "bayes_two_sample",
        r"\bbayes\w*\b(?!\s+information)|\bjzs\b|\bcredible\s+interval|\bposterior\s+(?:of|for|dist\w*|prob\w*)",
    ),
    ("bootstrap_interval", r"\bbootstrap\w*|\bboot-?strap\b|\bresampling\s+interval"),
    (
        "permutation_test",
        r"\bpermutation(?:al)?\s+(?:tests?|anova|p\b|version|f\b|analysis|correlation|t\b)|\brandomi[sz]ation\s+tests?\b"
        r"|\bre-?label\w*\s+tests?\b|\bsign[\s-]flip\w*|\bfisher[\s-]pitman\b|\bpermute\b",
    ),
    (
        "p_value_adjustment",
        r"\b(?:adjust\w*|correct\w*)\b[^?:]{0,50}\bp[\s-]?values?\b|\bp[\s-]?values?\b[^?]{0,200}\b(?:adjust\w*|hochberg|hommel|yekutieli"
        r"|fdr|false[\s-]discovery|bonferroni|holm|[sš]id[aá]k)|\b(?:benjamini|hommel|hochberg|yekutieli)\b|\bfalse[\s-]discovery\b",
    ),
    ("multiple_comparison", r"\bhsu(?:'?s)?\b|\bmcb\b|\bcompar\w{0,5}\s+with\s+the\s+best\b"),
    ("equal_variance", r"\bbonett"),
    ("normality", r"\bryan[\s-]*joiner"),
    ("mcnemar", r"\bmc[\s-]?nemar"),
    ("mood_median", r"\bmood(?:'?s|s)?\s+(?:median|test)|\bbrown[\s-]mood\b"),
    (
        "proportions_k",
        r"\bcochran[\s-]+armitage|\bmarascui?lo|\btrend\s+in\s+(?:the\s+)?(?:proportions?|rates?|scrap|defect\w*)"
        r"|\bchi[\s-]?sq\w*\s+(?:test\s+)?(?:for|of)\s+(?:a\s+)?trend",
    ),
    ("multi_vari_chart", r"\bmulti[\s-]?vari\b"),
    (
        "pareto_chart",
        r"\bpareto\b(?![^.?]{0,40}\b(?:effects?|front\w*|optimal|factors?|terms?)\b)"
        r"(?![\s\S]{0,400}\b(?:chi[\s-]?sq\w*|associat\w*|independen\w*)\b)",
    ),
    (
        "histogram",
        r"\A\W{0,3}(?:(?:please|pls|can|could|you|i|want|need|to|would|like|draw|plot|make|show|give|create|me|us|an?|the|quick)\s+){0,8}"
        r"histogram\b(?![^?]{0,200}\b(?:normal(?:ity|ly)?\b(?!\s+curve)|capab\w*|cpk|ppk|control|stable|outliers?|mean)\b)",
    ),
    (
        "box_plot",
        r"\A\W{0,3}(?:(?:please|pls|can|could|you|i|want|need|to|would|like|draw|plot|make|show|give|create|me|us|an?|the|quick|side[\s-]by[\s-]side)\s+){0,8}"
        r"box(?:[\s-]?and[\s-]?whiskers?)?[\s-]?plots?\b(?!\s+(?:rule|method|fence\w*|criterion)|[^?]{0,200}\b(?:anova|outliers?|t[\s-]test|normality|significan\w*)\b)",
    ),
    (
        "change_point",
        r"\bchange[\s-]?points?\b|\bstructural\s+(?:breaks?|changes?)\b|\bbreak[\s-]?points?\s+(?:in|of|for)\b"
        r"|\bwhen\s+did\b[^.?]{0,60}\b(?:mean|level|average|process)\b[^.?]{0,30}\b(?:change|shift|jump)"
        r"|\bwhen\s+did\s+(?:the\s+)?(?:\w{1,20}\s+){1,3}(?:shift|jump|step)\b"
        r"|\b(?:at|from|since|with)\s+(?:which|what)\s+(?:point|sample|subgroup|lot|batch|part|piece|day|week|shift|hour|row)\b"
        r"[^.?]{0,60}\b(?:jump|shift|step|change)(?:s|ed|d)?\b",
    ),
    (
        "residual_chart",
        r"\b(?:auto-?\s?corr?ell?at\w+|ar\s*\(\s*\d{1,2}\s*\)|autoregress\w+)[^.?]{0,100}\b(?:chart|limits|monitor\w*|control)\b"
        r"|\b(?:chart|limits|monitor\w*|control)\b[^.?]{0,100}\b(?:auto-?\s?corr?ell?at\w+|autoregress\w+)"
        r"|\bresiduals?\s+(?:control\s+)?charts?\b(?![^.?]{0,40}\bregress)",
    ),
    (
        "run_chart",
        r"\b(?<!short[\s-])run[\s-](?:sequence\s+)?(?:charts?|plots?)\b|\bruns?\s+(?:tests?\s+)?about\s+(?:the\s+)?median\b"
        r"|\bclustering,?\s+mixtures?\b",
    ),
    (
        "warranty_prediction",
        r"\bwarranty\b[^?]{0,120}\b(?:predict\w*|forecast\w*|returns?|next)\b|\b(?:predict\w*|forecast\w*|how\s+many)\b[^?]{0,80}\b(?:warranty\s+)?returns\b"
        r"|\bnevada\s+(?:table|chart|format)",
    ),
    (
        "reliability_growth",
        r"\breliability\s+growth\b|\bcrow[\s-]+amsaa\b|\bamsaa\b|\bduane\b|\bpower[\s-]law\s+(?:process|nhpp)|\bnhpp\b",
    ),
    (
        "repairable_mcf",
        r"\bmean\s+cumulative\s+(?:function|number|cost)|\bmcf\b|\brecurren\w*\s+(?:events?|data|failures?)|\brepairable\s+systems?\b",
    ),
    (
        "accelerated_life",
        r"\baccelerated\s+(?:life|test\w*|aging|ageing|life\s+test\w*)\b(?![^?]{0,80}\bfactor\s*(?:of|=|is)?\s*\d)|\barrhenius\b[^?]{0,200}\b(?:fail\w*|life|lives|lifetimes?|hours)\b"
        r"|\binverse[\s-]power\s+(?:law|model|relation\w*)",
    ),
    (
        "distribution_comparison",
        r"\bwhich\s+(?:\w{1,20}\s+){0,2}distributions?\b[^?]{0,80}\b(?:life|lives|lifetimes?|fail\w*|censor\w*|surviv\w*|hours|cycles)\b"
        r"|\b(?:compare|comparison\s+of|choose|rank)\s+(?:the\s+)?(?:\w{1,20}\s+)?distributions?\b[^?]{0,80}\b(?:life|lives|lifetimes?|fail\w*|censor\w*|hours|cycles)\b"
        r"|\blife\s+distribution\s+(?:id|identification|comparison|analysis\s+id)",
    ),
    (
        "life_comparison",
        r"\b(?:compare|comparison\s+of)\s+(?:the\s+)?(?:\w{1,20}\s+)?(?:lives|lifetimes?|life)\b|\bequal\s+(?:weibull\s+)?(?:shapes?|scales?)\b[^?]{0,80}\b(?:groups?|lots?|designs?|suppliers?|batches|weibull)\b"
        r"|\b(?:same|differ\w*)\s+(?:weibull\s+)?(?:shape|slope|life\s+distribution)s?\b[^?]{0,60}:",
    ),
    (
        "life_distribution",
        r"\b(?:interval|left|arbitrar\w*)[\s-]+censor\w*|\bsmallest\s+extreme\s+value\b[^?]{0,80}\b(?:life|lives|lifetimes?|fail\w*|hours|cycles)\b"
        r"|\blog-?logistic\b[^?]{0,80}\b(?:life|lives|lifetimes?|fail\w*|hours|cycles|censor\w*)\b|\b(?:gamma|normal)\s+(?:distribution\s+)?(?:fit\s+)?(?:for|to|of)\s+(?:the\s+|these\s+)?(?:failure|life)\w*"
        r"|\b(?:3|three)[\s-]param\w*\s+log-?(?:normal|logistic)\b",
    ),
    (
        "kaplan_meier",
        r"\b(?:fail\w*|broke\w*|died|dead|censor\w*|suspend\w*|still\s+(?:alive|running|working))\b[\s\S]{0,200}"
        r"\b(?:live|last|survive)s?\s+longer\b"
        r"|\b(?:live|last|survive)s?\s+longer\b[\s\S]{0,200}\b(?:censor\w*|suspend\w*|still\s+(?:alive|running|working))\b",
    ),
    (
        "weibull_fit",
        r"\b(?:log-?\s?normal|exponential)\s+(?:distribution\s+)?fit\b[^?]{0,80}\b(?:censor\w*|suspen\w*|fail\w*|life|lives)\b",
    ),
)
"""Operation and pattern of its names, matched without regard to case."""


def named_operation(text: str) -> str | None:
    """The operation whose name stands in ``text``, or None."""
    return next((name for name, pattern in _compiled() if pattern.search(text)), None)


@cache
def _compiled() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in NAMED)


@cache
def names() -> frozenset[str]:
    """The operations that can be named."""
    return frozenset(name for name, _ in NAMED)
