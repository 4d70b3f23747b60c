{{- define "spinal-cds.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "spinal-cds.selector" -}}
app.kubernetes.io/name: spinal-cds
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "spinal-cds.labels" -}}
{{ include "spinal-cds.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "spinal-cds.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "spinal-cds.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "spinal-cds.unprivileged" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "spinal-cds.own-environment" -}}
- {name: SPINAL_CDS_PROFILE, value: production}
- {name: SPINAL_CDS_CLIENTS_FILE, value: /etc/spinal-cds/clients.toml}
{{- if hasKey .Values.site "control.toml" }}
- {name: SPINAL_CDS_CONTROL_FILE, value: /etc/spinal-cds/control.toml}
{{- end }}
- {name: SPINAL_CDS_PUBLIC_URL, value: {{ required "publicUrl: the https URL that EHRs know the service by" .Values.publicUrl | quote }}}
- {name: SPINAL_CDS_DATABASE_FILE, value: /run/secrets/spinal-cds/database}
{{- if .Values.replayUrlInSecret }}
- {name: SPINAL_CDS_REPLAY_URL_FILE, value: /run/secrets/spinal-cds/replay-url}
{{- end }}
- {name: SPINAL_CDS_MAX_IN_FLIGHT, value: {{ .Values.maxInFlight | quote }}}
- {name: SPINAL_CDS_METRICS_HOST, value: 0.0.0.0}
- {name: SPINAL_CDS_METRICS_PORT, value: "9464"}
- {name: WEB_CONCURRENCY, value: {{ .Values.workers | quote }}}
{{- end -}}

{{- define "spinal-cds.environment" -}}
{{- $own := include "spinal-cds.own-environment" . }}
{{- $taken := dict }}
{{- range fromYamlArray $own }}
{{- $_ := set $taken (regexReplaceAll "(_FILE)+$" .name "") .name }}
{{- end }}
{{- $own }}
{{- range $name, $value := .Values.settings }}
{{- $same := get $taken (regexReplaceAll "(_FILE)+$" (upper $name) "") }}
{{- if $same }}
{{- fail (printf "settings: %s: the chart sets %s itself" $name $same) }}
{{- end }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "spinal-cds.mounts" -}}
- {name: site, mountPath: /etc/spinal-cds, readOnly: true}
- {name: secrets, mountPath: /run/secrets/spinal-cds, readOnly: true}
- {name: tmp, mountPath: /tmp}
- {name: shm, mountPath: /dev/shm}
{{- end -}}

{{- define "spinal-cds.volumes" -}}
- name: site
  projected:
    sources:
      - configMap: {name: {{ include "spinal-cds.name" . }}-site}
      {{- if hasKey .Values.site "control.toml" }}
      - configMap: {name: {{ include "spinal-cds.name" . }}-control}
      {{- end }}
- name: secrets
  secret:
    secretName: {{ required "existingSecret: a Secret with the key `database`" .Values.existingSecret }}
    defaultMode: 0440
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
- name: shm
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end -}}
