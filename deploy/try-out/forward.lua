-- A rule as PACS have it: what is CT goes to the node. Reports that come back are SR, and stay.
function OnStableSeries(series, tags, metadata)
  if tags['Modality'] == 'CT' then
    RestApiPost('/modalities/node/store', '{"Asynchronous": true, "Resources": ["' .. series .. '"]}')
  end
end
