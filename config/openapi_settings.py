"""Settings of drf-spectacular, which generates the OpenAPI file and its page."""

SETTINGS = {
    "TITLE": "找支部",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AreaLevelEnum": "grids.serializers.LEVEL_CHOICES",
        "AreaKindEnum": "grids.enums.AreaKind",
        "OrgLevelEnum": "branches.enums.OrgLevel",
        "OrgKindEnum": "branches.enums.OrgKind",
        "CaseLevelEnum": "petitions.enums.CaseLevel",
        "StatusEnum": "petitions.enums.STATUS_CHOICES",
        "VerbEnum": "petitions.enums.VERB_CHOICES",
        "AnswerKindEnum": "petitions.enums.AnswerKind",
        "OutcomeEnum": "petitions.enums.Outcome",
        "TaskStateEnum": "petitions.enums.TaskState",
        "TaskOutcomeEnum": "petitions.enums.TASK_OUTCOME_CHOICES",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.lib.rest.openapi.add_problems",
    ],
}
