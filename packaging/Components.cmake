# Read by CPack for each format.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL server server-deb agent agent-deb)
else()
  set(CPACK_COMPONENTS_ALL server server-rpm agent agent-rpm)
endif()
