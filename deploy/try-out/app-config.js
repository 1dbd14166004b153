// OHIF opens a series at its first image; of a head that is air above it, and black.
const openInTheMiddle = {
  id: 'open-in-the-middle',
  onModeEnter({ servicesManager }) {
    const [stage] = servicesManager.services.hangingProtocolService.getProtocolById('default').stages;
    stage.viewports[0].viewportOptions.initialImageOptions = { preset: 'middle' };
  },
};

window.config = {
  routerBasename: null,
  extensions: [openInTheMiddle],
  modes: [],
  showStudyList: true,
  investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'orthanc',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'orthanc',
      configuration: {
        friendlyName: 'Orthanc',
        name: 'orthanc',
        wadoUriRoot: '/dicom-web',
        qidoRoot: '/dicom-web',
        wadoRoot: '/dicom-web',
        qidoSupportsIncludeField: false,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: false,
        supportsWildcard: true,
        dicomUploadEnabled: false,
        omitQuotationForMultipartRequest: true,
        bulkDataURI: { enabled: true, relativeResolution: 'studies' },
      },
    },
  ],
};
