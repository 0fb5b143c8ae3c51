# Read by CPack for each format.
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_COMPONENTS_ALL server server-deb agent agent-deb)
  set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has one of its own
  set(SHLIBDEPS_EXECUTABLE ${CMAKE_CURRENT_LIST_DIR}/deb/shlibdeps)
else()
  set(RPM_EXECUTABLE rpm) # which CPack asks whether it knows suggestions, and does not look for
  set(CPACK_COMPONENTS_ALL server server-rpm agent agent-rpm)
endif()
