"""The codes and sentences that the benchmark's charts are drawn from: common ones, few of interest here."""

from __future__ import annotations

Code = tuple[str, str, str]
"""System, code, display."""

_ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
_SNOMED = "http://snomed.info/sct"
_CPT = "http://www.ama-assn.org/go/cpt"
_LOINC = "http://loinc.org"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_DICOM = "http://dicom.nema.org/resources/ontology/DCM"
_HL7 = "http://terminology.hl7.org/CodeSystem/"

LUMBAR_EPIDURAL: Code = (_CPT, "62323", "Lumbar or caudal epidural injection with imaging")
RADICULOPATHY: Code = (_ICD10, "M54.16", "Radiculopathy, lumbar region")
THERAPEUTIC_EXERCISE: Code = (_CPT, "97110", "Therapeutic exercise")
PAIN_SCORE: Code = (_LOINC, "72514-3", "Pain severity 0-10 verbal numeric rating")
SURGICAL_PROCEDURE: Code = (_SNOMED, "387713003", "Surgical procedure")
PROBLEM_LIST_ITEM: Code = (f"{_HL7}condition-category", "problem-list-item", "Problem List Item")
ENCOUNTER_DIAGNOSIS: Code = (f"{_HL7}condition-category", "encounter-diagnosis", "Encounter Diagnosis")
LABORATORY: Code = (_SNOMED, "108252007", "Laboratory procedure")
SURVEY: Code = (f"{_HL7}observation-category", "survey", "Survey")
OUTPATIENT: Code = (f"{_HL7}medicationrequest-category", "outpatient", "Outpatient")
AMBULATORY: Code = (f"{_HL7}v3-ActCode", "AMB", "ambulatory")
OFFICE_VISIT: Code = (_CPT, "99213", "Office visit, established patient")
ORAL: Code = (_SNOMED, "26643006", "Oral route")


def _listed(system: str, *pairs: tuple[str, str]) -> tuple[Code, ...]:
    return tuple((system, code, display) for code, display in pairs)


_DIAGNOSES = (
    (("I10", "Essential (primary) hypertension"), ("59621000", "Essential hypertension")),
    (("E78.5", "Hyperlipidemia, unspecified"), ("55822004", "Hyperlipidemia")),
    (("E11.9", "Type 2 diabetes mellitus without complications"), ("44054006", "Diabetes mellitus type 2")),
    (("K21.9", "Gastro-esophageal reflux disease"), ("235595009", "Gastroesophageal reflux disease")),
    (("J45.909", "Unspecified asthma, uncomplicated"), ("195967001", "Asthma")),
    (("F41.1", "Generalized anxiety disorder"), ("21897009", "Generalized anxiety disorder")),
    (("N18.30", "Chronic kidney disease, stage 3"), ("433144002", "Chronic kidney disease stage 3")),
    (("G47.33", "Obstructive sleep apnea"), ("78275009", "Obstructive sleep apnea syndrome")),
    (("E03.9", "Hypothyroidism, unspecified"), ("40930008", "Hypothyroidism")),
    (("J30.9", "Allergic rhinitis, unspecified"), ("61582004", "Allergic rhinitis")),
    (("M17.11", "Unilateral primary osteoarthritis, right knee"), ("239873007", "Osteoarthritis of knee")),
    (("H52.4", "Presbyopia"), ("41256004", "Presbyopia")),
    (("E55.9", "Vitamin D deficiency, unspecified"), ("34713006", "Vitamin D deficiency")),
    (("L40.0", "Psoriasis vulgaris"), ("200965009", "Plaque psoriasis")),
    (("H25.13", "Age-related nuclear cataract, bilateral"), ("39450006", "Age-related nuclear cataract")),
    (("N39.0", "Urinary tract infection, site not specified"), ("68566005", "Urinary tract infection")),
    (("J06.9", "Acute upper respiratory infection"), ("54398005", "Acute upper respiratory infection")),
    (("I25.10", "Atherosclerotic heart disease"), ("53741008", "Coronary arteriosclerosis")),
    (("K57.30", "Diverticulosis of large intestine"), ("397881000", "Diverticulosis of colon")),
    (("R73.03", "Prediabetes"), ("714628002", "Prediabetes")),
)
DIAGNOSES: tuple[tuple[Code, ...], ...] = tuple(
    ((_ICD10, *icd10), (_SNOMED, *snomed)) for icd10, snomed in _DIAGNOSES
)
PROCEDURES = _listed(
    _CPT,
    ("93000", "Electrocardiogram with interpretation"),
    ("36415", "Collection of venous blood by venipuncture"),
    ("45378", "Diagnostic colonoscopy"),
    ("66984", "Cataract surgery with lens implant"),
    ("90686", "Influenza vaccination"),
    ("94010", "Spirometry"),
    ("92014", "Comprehensive eye examination"),
    ("11102", "Tangential biopsy of skin"),
    ("43239", "Upper endoscopy with biopsy"),
    ("69210", "Removal of impacted cerumen"),
    ("99406", "Smoking cessation counseling"),
    ("93306", "Echocardiography, transthoracic"),
    ("17110", "Destruction of benign lesions"),
    ("95810", "Polysomnography"),
)
ORDERS = _listed(
    _CPT,
    ("80053", "Comprehensive metabolic panel"),
    ("85025", "Complete blood count with differential"),
    ("83036", "Hemoglobin A1c"),
    ("80061", "Lipid panel"),
    ("84443", "Thyroid stimulating hormone"),
    ("81001", "Urinalysis with microscopy"),
    ("77067", "Screening mammography, bilateral"),
    ("71046", "Chest X-ray, 2 views"),
    ("82306", "Vitamin D, 25-hydroxy"),
    ("76700", "Abdominal ultrasound, complete"),
)
REPORTS = _listed(
    _LOINC,
    ("24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma"),
    ("58410-2", "CBC panel - Blood by Automated count"),
    ("57698-3", "Lipid panel with direct LDL - Serum or Plasma"),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"),
    ("24357-6", "Urinalysis macro (dipstick) panel - Urine"),
    ("36643-5", "XR Chest 2 Views"),
    ("24606-6", "MG Breast Screening"),
    ("42148-7", "US Heart"),
    ("24558-9", "US Abdomen"),
    ("22637-3", "Pathology report diagnosis"),
)
MEDICATIONS = _listed(
    _RXNORM,
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("861007", "metformin hydrochloride 500 MG Oral Tablet"),
    ("617312", "atorvastatin 20 MG Oral Tablet"),
    ("197361", "amlodipine 5 MG Oral Tablet"),
    ("198051", "omeprazole 20 MG Delayed Release Oral Capsule"),
    ("966224", "levothyroxine sodium 0.05 MG Oral Tablet"),
    ("312938", "sertraline 50 MG Oral Tablet"),
    ("745679", "albuterol 0.09 MG/ACTUAT Metered Dose Inhaler"),
    ("310798", "hydrochlorothiazide 25 MG Oral Tablet"),
    ("866924", "metoprolol tartrate 25 MG Oral Tablet"),
    ("308136", "amoxicillin 500 MG Oral Capsule"),
    ("1014678", "cetirizine hydrochloride 10 MG Oral Tablet"),
)
IMAGING: tuple[tuple[Code, Code, str], ...] = (
    ((_DICOM, "DX", "Digital Radiography"), (_SNOMED, "51185008", "Thoracic structure"), "XR CHEST 2 VIEWS"),
    ((_DICOM, "US", "Ultrasound"), (_SNOMED, "818983003", "Abdomen"), "US ABDOMEN COMPLETE"),
    ((_DICOM, "MG", "Mammography"), (_SNOMED, "76752008", "Breast structure"), "MG SCREENING BILATERAL"),
    ((_DICOM, "MR", "Magnetic Resonance"), (_SNOMED, "72696002", "Knee region structure"), "MRI KNEE RIGHT"),
    ((_DICOM, "CT", "Computed Tomography"), (_SNOMED, "69536005", "Head structure"), "CT HEAD WO CONTRAST"),
)
NARRATIVE_LINE = "<tr><td>Reviewed with the patient; no change to the present plan of care.</td></tr>"
SENTENCES = (
    "Reviewed with the patient; no change to the present plan of care.",
    "Patient tolerated it well and was given written instructions to take home.",
    "Results are within the reference range – repeat in twelve months.",
    "Discussed diet, exercise and sleep; follow-up visit as scheduled.",
    'Recorded by the clinic\'s intake form, question "How are you today?".',
    "Imported from the outside record at the time of registration.",
)
