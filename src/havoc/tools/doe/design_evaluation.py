"""How good a design is before its runs are made: precision, power, aliases, predictions.

Sources: R. H. Myers, D. C. Montgomery and C. M. Anderson-Cook, Response Surface
Methodology (4th ed., 2016), chapters 8 and 9; A. C. Atkinson, A. N. Donev and R. D.
Tobias, Optimum Experimental Designs, with SAS (2007), chapter 10; NIST/SEMATECH
e-Handbook 5.3.3.4 (confounding and resolution).
"""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from msgspec import Meta

from havoc.errors import InputError
from havoc.tools.declaration import tool
from havoc.tools.doe.design_evaluation_result import (
    Alias,
    DesignEvaluation,
    MinitabFigures,
    checks,
    narrate,
)
from havoc.tools.doe.evaluated_design import (
    DesignCall,
    Judged,
    block_columns,
    from_call,
    from_columns,
    model_for,
)
from havoc.tools.doe.evaluation_charts import evaluation_charts
from havoc.tools.doe.factors import Factors, letters
from havoc.tools.doe.optimal_model import ModelName, OptimalModel, model_of
from havoc.tools.doe.prediction_space import PredictionSpace, precision
from havoc.tools.doe.prediction_variance import Shape
from havoc.tools.doe.region import Constraint, check_constraints
from havoc.tools.doe.term_power import Convention, coefficients_of, correlations, effects_of
from havoc.tools.doe.two_level_structure import TwoLevelStructure, two_level_structure
from havoc.tools.magnitude import LARGEST
from havoc.tools.parameters import Alpha, FloatArray, Seed
from havoc.tools.result import Recomputed

MOST_ALIASES = 200
MOST_POTENTIAL = 400
NOTABLE = 0.01


@tool(
    "design_evaluation",
    title="Evaluation of a design",
    source="Myers, Montgomery & Anderson-Cook, RSM, ch. 8-9; Zahran, Anderson-Cook & Myers "
    "(2003), J. Quality Technology 35, 377",
)
def design_evaluation(
    design: Annotated[
        dict[str, list[float | str]], Meta(description="settings of each factor, one a run")
    ] = {},  # noqa: B006
    made_by: Annotated[
        DesignCall | None,
        Meta(description="operation that makes the design, with its arguments"),
    ] = None,
    factors: Annotated[
        Factors, Meta(description="ranges of the factors; the ends of each column if none")
    ] = [],  # noqa: B006
    components: Annotated[
        list[str], Meta(description="columns that are the components of a mixture")
    ] = [],  # noqa: B006
    total: Annotated[float, Meta(gt=0, description="what the components add up to")] = 1.0,
    blocks: Annotated[list[float | str], Meta(description="block of each run")] = [],  # noqa: B006
    model: Annotated[
        ModelName, Meta(description="model that is to be fitted; the largest possible if none")
    ]
    | None = None,
    terms: Annotated[
        list[str], Meta(description="terms beyond the model, such as A*B, A^2 or A^3")
    ] = [],  # noqa: B006
    potential: Annotated[
        list[str],
        Meta(description="terms that may be real but are not in the model; the next order if none"),
    ] = [],  # noqa: B006
    effect: Annotated[
        float, Meta(gt=0, description="effect to find: change from low to high, unit of sigma")
    ] = 2.0,
    sigma: Annotated[
        float, Meta(gt=0, description="standard deviation of the error; 1 puts effects in sigma")
    ] = 1.0,
    alpha: Alpha = 0.05,
    power_convention: Annotated[
        Convention,
        Meta(
            description="effect of a square: coefficient (JMP) takes half of it for every term, "
            "range (Design-Expert) the change from the middle to the end"
        ),
    ] = "coefficient",
    region: Annotated[
        Shape, Meta(description="where predictions are wanted: between low and high, or a sphere")
    ] = "cuboid",
    constraints: Annotated[
        list[Constraint], Meta(description="settings outside the region of predictions")
    ] = [],  # noqa: B006
    half_width: Annotated[
        float, Meta(gt=0, description="wanted half width of the confidence interval of a mean")
    ]
    | None = None,
    seed: Seed = 1,
) -> DesignEvaluation:
    """How good is this design before the runs are made?

    Use it to judge or compare designs, also ones that were changed, lost runs or come from
    elsewhere: which effects they find (power), which terms disturb each other (variance
    inflation, correlations, aliases), which runs weigh most (leverage), and how well they
    predict over the region (fraction of design space, mean and largest variance). Give the
    runs as columns, or the operation that makes them. Assumes least squares with
    independent errors of equal spread; blocks are fixed effects. Numbers are coded from -1
    at low to +1 at high, labels by orthogonal contrasts.
    """
    where = "design_evaluation"
    if bool(design) == (made_by is not None):
        raise InputError(
            "give either the design or the operation that makes it",
            where=where,
            remedy="name design columns, or made_by with an operation and its arguments",
        )
    judged = (
        from_call(made_by, where)
        if made_by is not None
        else from_columns(design, factors, components, total, blocks, where)
    )
    check_constraints(constraints, [axis.factor for axis in judged.axes], where)
    name, described = model_for(judged, model, terms, where)
    rows = described.expand(judged.points)
    matrix = np.hstack([rows, block_columns(judged.blocks)])
    runs, parameters = matrix.shape
    count = rows.shape[1]
    everything = np.asarray(np.linalg.inv(matrix.T @ matrix), dtype=np.float64)
    inverse = everything[:count, :count]
    leverage = np.einsum("ij,jk,ik->i", matrix, everything, matrix, optimize=True)
    df_residual = runs - parameters
    settings = np.column_stack([np.round(judged.points, 9), judged.blocks])
    df_pure = runs - len(np.unique(settings, axis=0))
    ratio = effect / sigma
    if ratio > LARGEST:
        raise InputError(
            f"a standard deviation of {sigma:g} is nothing beside an effect of {effect:g}",
            where="sigma",
            remedy="give sigma in the unit of the effect",
        )
    coefficients = coefficients_of(
        described, rows, inverse, df_residual, ratio, alpha, power_convention
    )
    effects = effects_of(described, inverse, df_residual, ratio, alpha, power_convention)
    powers = [(item.power, item.name) for item in effects if item.power is not None]
    inflation = [item.vif for item in coefficients if item.vif is not None]
    others = _potential(described, judged, potential, where)
    extra = others.expand(judged.points) if others is not None else np.empty((runs, 0))
    alias = np.linalg.lstsq(matrix, extra, rcond=None)[0][:count] if extra.size else extra[:count]
    alias = np.round(alias, 10) + 0.0
    keep = [index for index, own in enumerate(described.names) if own != "intercept"]
    columns = [described.names[index] for index in keep]
    together = correlations(np.hstack([rows[:, keep], extra]))
    pair, largest = _largest(together[: len(keep), : len(keep)])
    space = PredictionSpace(judged, described, inverse, region, constraints, seed)
    result = DesignEvaluation(
        method=(
            f"least squares, {name} model with {count} parameters; numbers coded -1 to +1 over "
            f"{'the given ranges' if factors or made_by else 'the range of their column'}, labels "
            f"by orthogonal contrasts; power by noncentral F, effect as {power_convention}; "
            f"predictions over the {space.described}"
        ),
        source=judged.source,
        runs=runs,
        n_factors=len(judged.axes),
        factor_names=[axis.factor.name for axis in judged.axes],
        model=name,
        n_parameters=count,
        n_blocks=len(set(judged.blocks)),
        distinct_runs=len(np.unique(settings[:, :-1], axis=0)),
        df_model=count - (1 if described.names[0] == "intercept" else 0),
        df_residual=df_residual,
        df_pure_error=df_pure,
        df_lack_of_fit=df_residual - df_pure,
        coefficients=coefficients,
        effects=effects,
        effect=effect,
        sigma=sigma,
        alpha=alpha,
        lowest_power=min(powers)[0] if powers else None,
        weakest_term=min(powers)[1] if powers else "",
        largest_vif=max(inflation) if inflation else None,
        leverage=leverage.tolist(),
        maximum_leverage=float(leverage.max()),
        average_leverage=parameters / runs,
        D_efficiency=100 * math.exp(_log_det(inverse) / count) / runs,
        A_efficiency=100 * count / (runs * float(np.trace(inverse))),
        **space.figures(runs, count),
        **precision(space, half_width, sigma, alpha, df_residual),
        minitab=_minitab(matrix, everything, leverage),
        potential_terms=[] if others is None else others.names,
        aliases=_aliases(alias, described.names, [] if others is None else others.names),
        alias_matrix=alias.tolist(),
        alias_sum_of_squares=float((alias[keep] ** 2).sum()),
        correlation_terms=[*columns, *([] if others is None else others.names)],
        correlation_matrix=together.tolist(),
        largest_correlation=largest,
        largest_correlation_pair=[columns[index] for index in pair],
        largest_alias_correlation=(
            float(np.abs(together[: len(keep), len(keep) :]).max()) if extra.size else None
        ),
        two_level=two_level_structure(judged.points, letters(len(judged.axes)))
        if not judged.components and all(axis.kind == "number" for axis in judged.axes)
        else _label_structure(judged),
    )
    result.assumptions = checks(result)
    result.warnings = _warnings(result, space)
    result.charts = evaluation_charts(
        space.sorted_variance, effects, result.correlation_terms, together, len(keep)
    )
    return result


def _log_det(inverse: FloatArray) -> float:
    return -float(np.linalg.slogdet(inverse)[1])


def _minitab(matrix: FloatArray, inverse: FloatArray, leverage: FloatArray) -> MinitabFigures:
    values = np.linalg.eigvalsh(matrix.T @ matrix)
    logarithm = float(np.log(values).sum())
    return MinitabFigures(
        condition_number=float(values[-1] / values[0]),
        D_optimality=math.exp(logarithm) if logarithm < 700 else math.inf,
        A_optimality=float(np.trace(inverse)),
        G_optimality=float(leverage.mean() / leverage.max()),
        V_optimality=float(leverage.mean()),
        maximum_leverage=float(leverage.max()),
    )


def _potential(
    model: OptimalModel, judged: Judged, named: list[str], where: str
) -> OptimalModel | None:
    """A model of the terms that are not fitted but may be there."""
    factors = [axis.factor for axis in judged.axes]
    known = set(model.term_of)
    if named:
        full = model_of(factors, "linear", named, f"{where} potential", judged.components)
    else:
        full = model_of(factors, "quadratic", [], where, judged.components)
        if set(full.term_of) <= known and not judged.components:
            triples = [
                f"{factors[i].name}*{factors[j].name}*{factors[k].name}"
                for i in range(len(factors))
                for j in range(i)
                for k in range(j)
            ]
            full = model_of(factors, "quadratic", triples[:MOST_POTENTIAL], where)
    rows = full.expand(judged.points)
    wanted = [
        index
        for index, term in enumerate(full.term_of)
        if term not in known
        and np.ptp(rows[:, index]) > 1e-9
        and (not named or "*" in term or "^" in term)
    ][:MOST_POTENTIAL]
    if not wanted:
        return None
    return OptimalModel(
        factors=full.factors,
        names=[full.names[index] for index in wanted],
        contrasts=full.contrasts,
        products=full.products[wanted],
        term_of=[full.term_of[index] for index in wanted],
    )


def _aliases(alias: FloatArray, names: list[str], potential: list[str]) -> list[Alias]:
    places = np.argwhere(np.abs(alias) > NOTABLE)
    order = np.argsort(-np.abs(alias[places[:, 0], places[:, 1]]), kind="stable")
    return [
        Alias(term=names[row], potential=potential[column], coefficient=float(alias[row, column]))
        for row, column in places[order][:MOST_ALIASES].tolist()
    ]


def _largest(matrix: FloatArray) -> tuple[list[int], float]:
    """The pair of terms with the largest correlation."""
    if len(matrix) < 2:
        return [], 0.0
    size = np.abs(np.triu(matrix, 1))
    row, column = np.unravel_index(int(size.argmax()), size.shape)
    if size[row, column] < 1e-9:
        return [], 0.0
    return [int(row), int(column)], float(size[row, column])


def _label_structure(judged: Judged) -> TwoLevelStructure | None:
    """Two labels count as low and high."""
    columns = []
    for index, axis in enumerate(judged.axes):
        column = judged.points[:, index]
        if axis.kind == "component" or (axis.kind == "label" and len(axis.listed) != 2):
            return None
        columns.append(2 * column - 1 if axis.kind == "label" else column)
    return two_level_structure(np.column_stack(columns), letters(len(judged.axes)))


def _warnings(result: DesignEvaluation, space: PredictionSpace) -> list[str]:
    warnings = []
    if result.df_residual < 1:
        warnings.append(
            "no degrees of freedom are left for the error, so no term can be tested: add runs or "
            "fit fewer terms"
        )
    if result.maximum_leverage > 0.9999:
        warnings.append("a run with leverage one determines a term alone: its error is not seen")
    if not space.enough:
        warnings.append(
            "the region is too narrow a part of the ranges to sample predictions over it"
        )
    return warnings


design_evaluation.narrates(narrate)


@design_evaluation.verifies
def _recompute(result: DesignEvaluation, **_: object) -> list[Recomputed]:
    """Leverages add up to the parameters; figures of leverage and trace in two ways."""
    trace = sum(item.standard_error**2 for item in result.coefficients)
    checks = [
        Recomputed(
            name="sum of leverages",
            value=math.fsum(result.leverage),
            recomputed=float(result.n_parameters + result.n_blocks - 1),
            route="number of parameters",
        ),
        Recomputed(
            name="A_efficiency",
            value=result.A_efficiency,
            recomputed=100 * result.n_parameters / (result.runs * trace),
            route="squares of the standard errors",
        ),
    ]
    if result.average_variance is not None and result.fraction_of_design_space:
        checks.append(
            Recomputed(
                name="G_efficiency",
                value=result.G_efficiency or 0.0,
                recomputed=(result.G_efficiency_root or 0.0) ** 2 / 100,
                route="square of the root form",
            )
        )
    return checks
