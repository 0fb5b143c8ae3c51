# Read by CPack for each format.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL server server-deb agent agent-deb)
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has one of its own
else()
  set(CPACK_COMPONENTS_ALL server server-rpm agent agent-rpm)
endif()
